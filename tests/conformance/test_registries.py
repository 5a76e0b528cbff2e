# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 16: registries and what their images are pulled with; section 6.1: secrets that are null."""

from __future__ import annotations

import json

from cattle import Client

ADDRESS = "several.example.com"
IMAGE = f"docker:{ADDRESS}/team/web:1"


def with_login(project: Client, **fields: str | None):
    """A registry of the address, and a credential for it."""
    registry = project.wait_success(project.create_registry(serverAddress=ADDRESS, name="one of several"))
    given = {"registryId": registry.id, "email": "a@example.com", "publicValue": "puller", "secretValue": "pulling"}
    return registry, project.wait_success(project.create_registry_credential(**(given | fields)))


def test_several_of_one_address_and_the_newest_pulls(project, simulated_host):
    registries = [with_login(project) for _ in range(2)]
    (_, older), (registry, newer) = registries
    made = project.create_container(imageUuid=IMAGE, startOnCreate=False)
    assert made.registryCredentialId == newer.id
    other = project.create_container(imageUuid="docker:elsewhere.example.com/web", startOnCreate=False)
    assert other.registryCredentialId is None
    chosen = project.create_container(imageUuid=IMAGE, startOnCreate=False, registryCredentialId=older.id)
    assert chosen.registryCredentialId == older.id
    project.wait_success(registry.deactivate())
    after = project.create_container(imageUuid=IMAGE, startOnCreate=False)
    assert after.registryCredentialId == older.id
    for each in (made, other, chosen, after):
        project.delete(project.wait_success(each))
    for each, _ in registries:
        project.delete(each)


def test_a_service_pulls_with_it_too(project, simulated_host):
    registry, login = with_login(project)
    stack = project.wait_success(project.create_environment(name="pulling"))
    launch = {"imageUuid": IMAGE, "requestedHostId": simulated_host.id}
    service = project.create_service(name="web", environmentId=stack.id, launchConfig=launch, startOnCreate=True)
    service = project.wait_success(service)
    assert [each.registryCredentialId for each in service.instances()] == [login.id]
    project.wait_success(project.delete(stack))
    project.delete(registry)


def test_a_secret_that_is_null_is_null_everywhere(server, superadmin, project):
    registry, login = with_login(project, secretValue=None)
    assert (login.secretValue, project.reload(login).secretValue) == (None, None)
    key = superadmin.create_api_key(secretValue=None)
    assert key.secretValue is None
    superadmin.wait_success(key)
    guess = superadmin._session.get(
        f"{server.url}/v1/apikeys", auth=(key.publicValue, "None"), headers={"X-ENFORCE-AUTHENTICATION": "true"}
    )
    assert guess.status_code == 401
    entries = superadmin.list_audit_log(resourceId=login.id, eventType="api.registryCredential.create").data
    assert [json.loads(entry.requestObject)["secretValue"] for entry in entries] == [None]
    project.delete(registry)
