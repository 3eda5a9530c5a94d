package servertest

// From is the client at an address.
func (c *Client) From(address string) *Client {
	moved := *c
	moved.address = address
	return &moved
}
