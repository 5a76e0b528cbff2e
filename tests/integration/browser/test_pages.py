# SPDX-License-Identifier: Apache-2.0
"""The API in a browser: reading, following, filtering, changing; and names that are meant to do harm."""

import httpx
from playwright.sync_api import expect

from tests.integration.browser.conftest import HOSTILE

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_links_lead_from_list_to_resource_to_host(page, project):
    page.goto(f"{project.base_url}containers")
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    page.click("tbody td a")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    expect(page.locator("h1 .state")).to_have_text("stopped")
    expect(page.locator("#request")).to_contain_text("curl -u")
    page.click("#json a:has-text('/instancelabels')")
    expect(page.locator("h1")).to_have_text("instancelabels")
    page.click(".crumbs a:has-text('containers')")
    assert page.url.endswith("/containers")


def test_filters_and_order(page, project):
    for name in ("alpha", "beta"):
        assert project.post("environments", json={"name": f"{name} {page.viewport_size['width']}"}).status_code == 201
    page.goto(f"{project.base_url}environments")
    page.select_option("[name=_field]", "name")
    page.select_option("[name=_modifier]", "prefix")
    page.fill("[name=_value]", "alp")
    page.click(".filter button")
    assert "name_prefix=alp" in page.url
    expect(page.get_by_text(f"alpha {page.viewport_size['width']}")).to_be_visible()
    expect(page.get_by_text(f"beta {page.viewport_size['width']}")).to_have_count(0)
    page.click(".chips a")
    expect(page.get_by_text(f"beta {page.viewport_size['width']}")).to_be_visible()
    page.click("th a:has-text('name')")
    assert "sort=name" in page.url


def test_a_refused_form_keeps_what_was_typed(page, project):
    page.goto(f"{project.base_url}containers")
    page.click("summary:has-text('Create container')")
    page.fill("#create\\:container-name", f"made {page.viewport_size['width']}")
    page.fill("#create\\:container-imageUuid", "nonsense")
    page.click("summary:has-text('more fields')")
    page.fill("#create\\:container-environment", "A=1\nB=two = 2")
    page.click("button:has-text('Create container')")
    expect(page.locator(".wrong")).to_contain_text("nonsense")
    expect(page.locator("#create\\:container-name")).to_have_value(f"made {page.viewport_size['width']}")
    expect(page.locator("#create\\:container-environment")).to_have_value("A=1\nB=two = 2")
    page.fill("#create\\:container-imageUuid", "sim:x")
    page.click("button:has-text('Show the request only')")
    expect(page.locator("#request")).to_contain_text('"environment":{"A":"1","B":"two = 2"}')
    page.click("button:has-text('Create container')")
    expect(page.locator(".note.good")).to_contain_text("201 Created")
    made = project.get("containers", params={"name": f"made {page.viewport_size['width']}"}).json()["data"]
    assert [row["environment"] for row in made] == [{"A": "1", "B": "two = 2"}]


def test_change_act_and_remove(page, project):
    made = project.post("environments", json={"name": f"old {page.viewport_size['width']}"}).json()
    page.goto(made["links"]["self"])
    page.click("summary:has-text('Change')")
    page.fill("#update-description", HOSTILE)
    page.click("button.main:has-text('Change')")
    expect(page.locator(".note.good")).to_contain_text("200 OK")
    assert project.get(made["links"]["self"]).json()["description"] == HOSTILE
    page.goto(made["links"]["self"])
    page.click(".actions button:has-text('activateservices')")
    expect(page.locator(".note.good")).to_be_visible()
    page.click("summary:has-text('Remove')")
    page.click("button:has-text('Remove for good')")
    expect(page.locator(".note.good")).to_contain_text("200 OK")
    assert project.get(made["links"]["self"]).json()["state"] in ("removing", "removed")


def test_signing_in_and_out(browser, server, project, login):
    context = browser.new_context()
    page = context.new_page()
    assert page.goto(f"{project.base_url}hosts").status == 401
    page.fill("[name=user]", login[0])
    page.fill("[name=password]", login[1])
    page.click("button:has-text('Sign in')")
    expect(page.locator("h1")).to_have_text("hosts")
    page.goto(f"{project.base_url}environments")
    page.click("summary:has-text('Create environment')")
    page.fill("#create\\:environment-name", "by cookie")
    page.click("button:has-text('Create environment')")
    expect(page.locator(".note.good")).to_contain_text("201 Created")
    page.goto(f"{project.base_url}hosts")
    page.click("button:has-text('Sign out')")
    assert page.goto(f"{project.base_url}hosts").status == 401
    context.close()


def test_forms_from_elsewhere_are_refused(project):
    form = {"name": "forged", "_form": "create:environment", "_schema": "environment"}
    for extra in ({}, {"_csrf": "0" * 64}):
        answer = project.post("environments", data=form | extra, headers=BROWSER)
        assert answer.status_code == 403
    answer = project.post(
        "environments", content=b'{"name": "forged"}', headers=BROWSER | {"Content-Type": "text/plain"}
    )
    assert answer.status_code == 403
    assert project.get("environments", params={"name": "forged"}).json()["data"] == []


def test_only_browsers_get_pages_and_pages_run_nothing_foreign(project):
    for accept in ("*/*", "application/json", "application/json, text/html"):
        answer = project.get("hosts", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
    page = project.get("hosts", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert project.get("hosts?_format=html").text.startswith("<!doctype html>")
    assert project.get("hosts?_format=json", headers=BROWSER).json()["type"] == "collection"


def test_a_row_that_tells_of_another_type_is_a_page_of_its_own(project):
    v1 = str(project.base_url).replace("/v2/", "/v1/").rstrip("/")
    rows = project.get(f"{v1}/auditlogs", params={"resourceType": "agent"}).json()["data"]
    assert rows
    for row in rows:
        page = project.get(row["links"]["self"], headers=BROWSER)
        assert page.status_code == 200
        assert "/schemas/auditlog" in page.text


def test_style_and_script_are_kept_by_browsers(server, project):
    text = project.get("hosts", headers=BROWSER).text
    for part in text.split('"'):
        if part.startswith("/static/"):
            answer = httpx.get(server.url + part)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(f"{server.url}/static/../../etc/passwd").status_code == 404
