"""How a store's tables came to be what they are, one step a file; Alembic takes a store from any of them on."""
