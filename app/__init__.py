"""A ticket tracker that lives in e-mail, as a plug-in of Salmon; installed, this package is `mail_tickets`."""
