"""Credentials that are told by what stands around them: keys, headers, URLs, armour."""

from __future__ import annotations

import base64
import json

from .draw import BASE64URL, Draw
from .secret import Kind, beside


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _jwt(draw: Draw, index: int) -> str:
    algorithm = ("HS256", "RS256", "ES256")[index % 3]
    claims = {"sub": draw.digits(6), "iat": 1700000000 + draw.below(10**6), "jti": draw.hex(12)}
    return ".".join(
        (_part({"alg": algorithm, "typ": "JWT"}), _part(claims), draw.text(43 * (1 + index % 2), BASE64URL))
    )


def _jwe(draw: Draw, index: int) -> str:
    header = _part({"alg": "dir", "enc": "A256GCM"})
    return ".".join((header, "", *(draw.text(length, BASE64URL) for length in (16, 64, 22))))


def _pem(draw: Draw, index: int) -> tuple[str, str]:
    make = ("RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED ", "DSA ")[index % 6]
    line = draw.text(64)
    return line, f"-----BEGIN {make}{'PRIVATE'} KEY-----\n{draw.text(64)}\n{line}\n-----END {make}{'PRIVATE'} KEY-----"


def _pem_without_end(draw: Draw, index: int) -> tuple[str, str]:
    line = draw.text(64)
    return line, f"-----BEGIN {'PRIVATE'} KEY-----\n{line}"


def _pgp(draw: Draw, index: int) -> tuple[str, str]:
    line = draw.text(64)
    name = f"PGP {'PRIVATE'} KEY BLOCK"
    return line, f"-----BEGIN {name}-----\n\n{line}\n-----END {name}-----"


_DATABASES = ("postgres", "postgresql+psycopg", "mysql", "mongodb+srv", "redis", "amqp", "clickhouse", "mssql+pyodbc")


def _connection_url(draw: Draw, index: int) -> tuple[str, str]:
    password = draw.password()
    return password, f"{_DATABASES[index % len(_DATABASES)]}://app:{password}@db-{index}.internal:5432/shop"


def _basic_auth_url(draw: Draw, index: int) -> tuple[str, str]:
    password = draw.password()
    return password, f"https://robot:{password}@registry-{index}.example/v2/"


def _token_url(draw: Draw, index: int) -> tuple[str, str]:
    token = draw.text(40)
    return token, f"https://{token}@git.example/shop-{index}.git"


def _connection_string(draw: Draw, index: int) -> tuple[str, str]:
    password = draw.password()
    forms = (
        "Server=tcp:db.internal,1433;User Id=sa;Password={};Encrypt=yes",
        "host=db.internal port=5432 dbname=shop user=app password={} sslmode=require",
        "Driver={{ODBC Driver 18}};Server=db;UID=sa;PWD={};",
        "jdbc:mysql://db.internal/shop?user=app&password={}&useSSL=true",
    )
    return password, forms[index % len(forms)].format(password)


def _storage_account(draw: Draw, index: int) -> tuple[str, str]:
    key = draw.base64(64)
    return key, f"DefaultEndpointsProtocol=https;AccountName=shop{index};AccountKey={key};EndpointSuffix=core.example"


def _shared_access(draw: Draw, index: int) -> tuple[str, str]:
    signature = draw.text(43) + "%3D"
    return signature, f"https://shop.blob.example/a.pdf?sv=2024-05-04&se=2026-01-01&sr=b&sig={signature}"


def _presigned(draw: Draw, index: int) -> tuple[str, str]:
    signature = draw.hex(64)
    return signature, f"https://files.example/a.pdf?X-{('Amz', 'Goog')[index % 2]}-Signature={signature}"


def _bearer(draw: Draw, index: int) -> tuple[str, str]:
    token = draw.text(32 + index, BASE64URL)
    return token, (f"Authorization: Bearer {token}", f"got 401 for Bearer {token}")[index % 2]


def _basic(draw: Draw, index: int) -> tuple[str, str]:
    token = base64.b64encode(f"user{index}:{draw.password()}".encode()).decode()
    return token, (f"Authorization: Basic {token}", f"curl -H 'Authorization: Basic {token}' https://a.example/")[
        index % 2
    ]


def _digest(draw: Draw, index: int) -> tuple[str, str]:
    response = draw.hex(32)
    return response, f'Authorization: Digest username="bob", realm="shop", nonce="7", response="{response}"'


def _cookie(draw: Draw, index: int) -> tuple[str, str]:
    session = draw.text(32)
    forms = (
        "Cookie: theme=dark; sessionid={}; lang=en",
        "Set-Cookie: sid={}; Path=/; HttpOnly; Secure",
        "cookie: _shop_session={}",
        "curl -b x --header 'Cookie: connect.sid={}' https://a.example/",
    )
    return session, forms[index % len(forms)].format(session)


def _session_cookie(draw: Draw, index: int) -> tuple[str, str, str]:
    return beside(draw.text(32), ("sessionid", "JSESSIONID", "PHPSESSID")[index % 3], index)


def _command_line(draw: Draw, index: int) -> tuple[str, str]:
    password = draw.password()
    forms = (
        "mysqldump --password {} shop",
        "['pg_dump', '--password', '{}', 'shop']",
        "PGPASSWORD={} psql -h db.internal",
        "login --user=bob --password={}",
        "export API_TOKEN={}",
        "env: SECRET_KEY='{}'",
    )
    return password, forms[index % len(forms)].format(password)


def _keyed(*keys: str, length: int = 40) -> Kind:
    def make(draw: Draw, index: int) -> tuple[str, str, str]:
        return beside(draw.text(length), keys[index // 6 % len(keys)], index)

    return Kind(f"{keys[0].replace('_', ' ')} beside its key", "credentials", make, 6 * len(keys))


def _password(draw: Draw, index: int) -> tuple[str, str, str]:
    return beside(draw.password(), ("password", "passwd", "userPassword", "db.password")[index // 6 % 4], index)


CREDENTIALS = (
    Kind("password beside its key", "credentials", _password, 24),
    _keyed("api_key", "apiKey", "X-Api-Key"),
    _keyed("client_secret", "clientSecret"),
    _keyed("access_token", "refresh_token", "id_token"),
    _keyed("aws_secret_access_key"),
    _keyed("signing_key", "encryption_key", length=44),
    _keyed("csrf_token", "csrfmiddlewaretoken", length=64),
    Kind("JSON web token", "credentials", _jwt, 9),
    Kind("encrypted JSON web token", "credentials", _jwe),
    Kind("private key in PEM", "credentials", _pem, 12),
    Kind("private key in PEM that is cut short", "credentials", _pem_without_end, 4),
    Kind("PGP private key", "credentials", _pgp, 4),
    Kind("password in a database's URL", "credentials", _connection_url, 16),
    Kind("password in a URL", "credentials", _basic_auth_url),
    Kind("token in a URL", "credentials", _token_url),
    Kind("password in a connection string", "credentials", _connection_string, 12),
    Kind("storage account key", "credentials", _storage_account),
    Kind("shared access signature", "credentials", _shared_access),
    Kind("signature of a presigned URL", "credentials", _presigned),
    Kind("bearer token", "credentials", _bearer, 8),
    Kind("basic authorization", "credentials", _basic, 8),
    Kind("digest authorization", "credentials", _digest, 4),
    Kind("cookie header", "credentials", _cookie, 12),
    Kind("session cookie", "credentials", _session_cookie, 9),
    Kind("password on a command line", "credentials", _command_line, 12),
)
