"""The diagnosis for agents: `server` offers it as tools of the Model Context Protocol."""
