/** The inventory that the empty screen offers to copy; a test reads it as one. */
export const EXAMPLE = `[[workers]]
name = "office"
data = "/var/lib/bellows"

[[workers]]
name = "rack-1"
control = "rack-1.json"
url = "http://127.0.0.1:17117"

[[workers]]
name = "rack-2"
metrics = "http://rack-2:9108/metrics"

[prometheus]
url = "http://prometheus:9090"
`;
