"""What one FastAPI application served by uvicorn makes of requests under ``opentelemetry-instrument``."""

from __future__ import annotations

from typing import Final

#: Sends GET /orders/7 with the headers in the variable REQUEST_HEADERS, one ``name: value`` a line, and prints the
#: response's ``x-request-id``.
PROGRAM: Final = """
import http.client, logging, os, threading, time
import uvicorn
from fastapi import FastAPI

app = FastAPI()

@app.get("/orders/{order_id}")
def order(order_id: int) -> int:
    logging.getLogger("shop").warning("order")
    return order_id

server = uvicorn.Server(uvicorn.Config(app, port=0, proxy_headers=False))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    time.sleep(0.01)
connection = http.client.HTTPConnection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1], timeout=20)
lines = os.environ.get("REQUEST_HEADERS", "").splitlines()
connection.request("GET", "/orders/7", headers=dict(line.split(": ") for line in lines))
response = connection.getresponse()
response.read()
print("returned", response.headers.get_all("x-request-id"))
connection.close()
server.should_exit = True
thread.join()
"""
