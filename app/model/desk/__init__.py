"""What the web pages ask of the model: the answer form, the basics, a ticket's page, lists."""
