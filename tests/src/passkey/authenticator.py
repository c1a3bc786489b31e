"""A browser with an authenticator, on Yubico's library: reads commands from stdin and answers, a JSON line each.

  {"do": "create", "options": ...}                makes a passkey
  {"do": "get", "options": ..., "passkey": 0}     signs with the passkey made first

Both take what an attacker or a poor device would do otherwise: "origin", "rp_id", "verified", "counter", "user_handle".
"""

import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

FLAG = AuthenticatorData.FLAG
passkeys = []


def client_data(kind, options, command):
    origin = command.get("origin", "http://localhost:3000")
    return CollectedClientData.create(kind, options["challenge"], origin)


def flags(command):
    return FLAG.UP | FLAG.BE | FLAG.BS | (FLAG.UV if command.get("verified", True) else 0)


def rp_id_hash(rp_id, command):
    return hashlib.sha256(command.get("rp_id", rp_id).encode()).digest()


def create(command):
    options = command["options"]["publicKey"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert -7 in [wanted["alg"] for wanted in options["pubKeyCredParams"]]
    excluded = [websafe_decode(known["id"]) for known in options.get("excludeCredentials", [])]
    assert not any(known["id"] in excluded for known in passkeys), "InvalidStateError"
    key, identity = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
    passkeys.append({"id": identity, "key": key, "user": options["user"]["id"]})
    data = AttestedCredentialData.create(bytes(16), identity, ES256.from_cryptography_key(key.public_key()))
    told = AuthenticatorData.create(
        rp_id_hash(options["rp"]["id"], command), flags(command) | FLAG.AT, command.get("counter", 0), data
    )
    return {
        "id": websafe_encode(identity),
        "rawId": websafe_encode(identity),
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {
            "clientDataJSON": websafe_encode(client_data("webauthn.create", options, command)),
            "attestationObject": websafe_encode(AttestationObject.create("none", told, {})),
            "transports": ["internal"],
        },
    }


def get(command):
    options, passkey = command["options"]["publicKey"], passkeys[command["passkey"]]
    assert options["userVerification"] == "required"
    told = AuthenticatorData.create(
        rp_id_hash(options["rpId"], command), flags(command), command.get("counter", 0)
    )
    said = client_data("webauthn.get", options, command)
    signature = passkey["key"].sign(told + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
    return {
        "id": websafe_encode(passkey["id"]),
        "rawId": websafe_encode(passkey["id"]),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(said),
            "authenticatorData": websafe_encode(told),
            "signature": websafe_encode(signature),
            "userHandle": command.get("user_handle", passkey["user"]),
        },
    }


for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps({"create": create, "get": get}[command["do"]](command)), flush=True)
