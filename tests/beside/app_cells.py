"""Cells of the matrix: frameworks, clients, and poor surroundings."""

from __future__ import annotations

from tests.beside.cells import Cell

DJANGO = Cell(
    ("pytest-django", "Django"),
    ("-p", "pytest_django.plugin"),
    """
import urllib.request
from django.http import HttpResponse
from django.urls import path

def view(request):
    return HttpResponse(fal_client.run(*CALL)["output"])

async def async_view(request):
    return HttpResponse((await fal_client.run_async(*CALL))["output"])

urlpatterns = [path("sync", view), path("async", async_view)]

def test_client(fakefal, client):
    fakefal.on().text("ok")
    assert client.get("/sync").content == b"ok"
    assert client.get("/async").content == b"ok"

def test_async_client(fakefal, async_client):
    fakefal.on().text("ok")
    assert asyncio.run(async_client.get("/async")).content == b"ok"

@pytest.mark.django_db
def test_live_server(fakefal, live_server):
    fakefal.on().text("ok")
    assert urllib.request.urlopen(live_server.url + "/sync").read() == b"ok"

def test_bare(fakefal):
    use_bare(fakefal)
""",
    "4 passed",
    "DJANGO_SETTINGS_MODULE = django_settings\npythonpath = .\n",
)

APPS = Cell(
    ("fastapi", "starlette", "celery"),
    (),
    """
from contextlib import asynccontextmanager

from celery import Celery
from fastapi import FastAPI
from fastapi.testclient import TestClient

def test_fastapi_with_lifespan(fakefal):
    fakefal.on().text("ok")
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        seen.append((await fal_client.run_async(*CALL))["output"])
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root():
        return (await fal_client.run_async(*CALL))["output"]

    with TestClient(app) as client:
        assert client.get("/").json() == "ok"
    assert seen == ["ok"]

def test_bare_1(fakefal):
    use_bare(fakefal)

def test_celery_eager(fakefal):
    fakefal.on().text("ok")
    app = Celery(broker="memory://")
    app.conf.task_always_eager = True

    @app.task
    def ask():
        return fal_client.run(*CALL)["output"]

    assert ask.delay().get() == "ok"

def test_bare_2(fakefal):
    use_bare(fakefal)
""",
    "4 passed",
)

CLIENTS = Cell(
    ("httpx", "requests", "urllib3", "aiohttp"),
    (),
    """
import aiohttp
import requests
import urllib3

HTTPX, REQUESTS, URLLIB3 = httpx.Client(), requests.Session(), urllib3.PoolManager()
CLIENT = fal_client.SyncClient(key="my:own")
URL, KEY = "https://fal.run/fal-ai/any-llm", {"Authorization": "Key a:b"}

@pytest.mark.parametrize("number", range(2))
def test_made_before(fakefal, number):
    fakefal.on().text(f"ok {number}")
    assert HTTPX.post(URL, json={}, headers=KEY).status_code == 422
    for client in (HTTPX, REQUESTS):
        assert client.post(URL, json=CALL[1], headers=KEY).json()["output"] == f"ok {number}"
    answer = URLLIB3.request("POST", URL, json=CALL[1], headers=KEY)
    assert answer.json()["output"] == f"ok {number}"
    assert CLIENT.run(*CALL)["output"] == f"ok {number}"

def test_an_aiohttp_session_of_two_fakes(fakefal_factory):
    async def main():
        async with aiohttp.ClientSession() as session:
            for number in range(2):
                with fakefal_factory() as fake:
                    fake.on().text(f"ok {number}")
                    answer = await session.post(URL, json=CALL[1], headers=KEY)
                    assert (await answer.json())["output"] == f"ok {number}"
    asyncio.run(main())

def test_everything(fakefal, fakefal_receiver):
    use_everything(fakefal, program=True)
    use_webhook(fakefal, fakefal_receiver)
""",
    "4 passed",
)

PROXY = Cell(
    (),
    (),
    """
def test_behind_a_proxy(fakefal, fakefal_receiver):
    use_everything(fakefal, program=True)
    asyncio.run(use_async(fakefal))
    use_webhook(fakefal, fakefal_receiver)

def test_bare(fakefal):
    use_bare(fakefal)
""",
    "2 passed",
    env=(
        ("HTTPS_PROXY", "http://proxy.example.com:3128"),
        ("HTTP_PROXY", "http://proxy.example.com:3128"),
        ("ALL_PROXY", "http://proxy.example.com:3128"),
    ),
)

POOR = Cell(
    (),
    (),
    """
import tempfile

import trio  # which needs a temporary file when it is first imported

tempfile.tempdir = "/proc/none"

def test_poor(fakefal, fakefal_receiver):
    use_everything(fakefal, program=False)
    asyncio.run(use_async(fakefal))
    use_webhook(fakefal, fakefal_receiver)

def test_bare(fakefal):
    use_bare(fakefal)
""",
    "2 passed",
    env=(
        ("HOME", "/proc/none"),
        ("XDG_DATA_HOME", "/proc/none"),
        ("FAKEFAL_HOME", "/proc/none/fakefal"),
    ),
)

APP_CELLS = {
    "django": DJANGO,
    "apps": APPS,
    "clients": CLIENTS,
    "proxy": PROXY,
    "no folders": POOR,
}
