"""Messages and service stubs of package `vpi.v1`, generated from the `.proto` files beside them."""
