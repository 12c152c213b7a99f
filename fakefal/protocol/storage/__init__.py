"""Uploads, the CDN, access control of files and byte ranges."""
