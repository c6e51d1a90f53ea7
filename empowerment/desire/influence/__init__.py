"""How far messages move desires, and the choices after them."""
