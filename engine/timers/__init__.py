"""Events that are promised for later, and when their time has come."""
