"""Verifies an evidence folder with the Python packages of DSSE and in-toto alone; nothing of ours is used.

Arguments: the folder, a file with the signer's public key (OpenSSH or PEM). Prints what was verified; exit 1 where it is not.
"""

import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main(folder: pathlib.Path, key_file: pathlib.Path) -> None:
    document = json.loads((folder / "evidence.dsse.json").read_bytes())
    envelope = Envelope.from_dict(document)
    text = key_file.read_bytes()
    load = load_pem_public_key if text.startswith(b"-----") else load_ssh_public_key
    # This package only considers keys whose name the signature gives.
    key = SSlibKey.from_crypto(load(text), keyid=next(iter(envelope.signatures)))
    envelope.verify([key], 1)
    statement = statement_pb2.Statement()
    json_format.Parse(envelope.payload, statement)
    Statement.copy_from_pb(statement).validate()
    for subject in statement.subject:
        seen = hashlib.sha256((folder / subject.name).read_bytes()).hexdigest()
        if seen != subject.digest["sha256"]:
            raise VerificationError(f"{subject.name} is another file than the one that was signed")
    print(f"{statement.predicate_type}: signature holds, {len(statement.subject)} files as they were signed")


if __name__ == "__main__":
    try:
        main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    except (VerificationError, ValueError, OSError) as refusal:
        print(f"refused: {type(refusal).__name__}: {refusal}", file=sys.stderr)
        sys.exit(1)
