"""Models read from other libraries; each adapter states the axis order it reads."""
