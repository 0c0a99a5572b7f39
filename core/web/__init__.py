"""What stands before every request to the desk, of a person or a program; plain ASGI, imported at the start.

Nothing here imports streamlit or fastapi, and nothing heavy: the first page waits for it.
"""
