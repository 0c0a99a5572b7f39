"""The REST face: `/api/v1`, for programs. It asks the same services as the pages and says the same words."""
