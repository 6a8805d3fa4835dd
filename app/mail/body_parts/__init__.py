"""Headers and bytes of a mail's parts: fields, encodings, charsets."""
