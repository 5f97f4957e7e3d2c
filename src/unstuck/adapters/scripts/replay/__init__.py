"""The script alive again, stopped where its training begins, and a Case made of it."""
