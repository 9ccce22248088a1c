"""The whole of Thor at work for an hour while its parts are killed, and what came of quotes and of memory."""
