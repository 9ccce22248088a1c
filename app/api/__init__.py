"""The HTTP edge: quotes, stream, bars and health."""

from app.api.installation import install_api

__all__ = ["install_api"]
