"""What people read: the Story, its renderers and the result folder."""
