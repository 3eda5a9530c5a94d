package servertest

// At is the same principal at another server.
func (c *Client) At(w *Fixture) *Client { return &Client{W: w, Prefix: c.Prefix, Cookie: c.Cookie} }
