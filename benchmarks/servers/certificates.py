"""Certificates for a server on loopback, made at each start."""

from pathlib import Path

import certifi
import trustme


def write_certificates(folder: Path) -> tuple[Path, Path]:
    """Write the server's certificate and the CA file of the clients, and return their paths.

    The CA file has all public CAs too, so that loading it takes as long as it does for users.
    """
    authority = trustme.CA()
    certificate, trusted = folder / "server.pem", folder / "trusted.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    trusted.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    return certificate, trusted
