"""What the whole of Thor does: health, status, the periodic tick, the demo."""
