"""The process of a script: started, kept within limits, listened to, and what it says when it fails."""
