# SPDX-License-Identifier: Apache-2.0
"""Machines that drivers make, and the configuration of each driver.

Source: Rancher's drivers of October 2015; defaults: the options of docker/machine 0.4.
"""

from collections.abc import Mapping

from orca.resources.fields import NOBODY, Field, OwnKey, array, boolean, embedded, mapping, ref, string, text
from orca.resources.types import ResourceType, access, given, wire_only

SECRETS = frozenset(
    {
        *("accessKey", "accessToken", "apiKey", "apiSecretKey", "password", "publishSettingsFile", "secretKey"),
        *("sessionToken", "subscriptionCert"),
    }
)
"""Secret fields of driver configurations."""


def config(
    name: str,
    texts: str,
    *,
    required: str = "",
    booleans: str = "",
    arrays: str = "",
    defaults: Mapping[str, str | bool] | None = None,
    listed: bool = False,
) -> ResourceType:
    """Declare one driver's configuration: names of text fields and others, separated by blanks.

    ``defaults``: what the driver takes where nothing, or null, is given. ``listed``: its schema allows reading the
    collection instead of adding to it.
    """
    fields = {field: _text(field) for field in texts.split()}
    fields |= {field: _text(field, required=True, nullable=False) for field in required.split()}
    fields |= {field: boolean("cr") for field in booleans.split()}
    fields |= {field: array("string", "cr") for field in arrays.split()}
    for field, default in (defaults or {}).items():
        kind = "boolean" if isinstance(default, bool) else "string"
        fields[field] = Field(type=kind, rights="cr", default=default, nullable=False)
    return wire_only(name, dict(sorted(fields.items())), access=given("r" if listed else "cr"))


def _text(name: str, *, required: bool = False, nullable: bool = True) -> Field:
    type = "password" if name in SECRETS else "string"
    return Field(type=type, rights="cr", required=required, nullable=nullable)


CONFIGS = (
    config(
        "amazonec2Config",
        "ami iamInstanceProfile instanceType region rootSize securityGroup sessionToken subnetId vpcId zone",
        required="accessKey secretKey",
        defaults={
            "monitoring": False,
            "privateAddressOnly": False,
            "requestSpotInstance": False,
            "spotPrice": "0.50",
            "sshUser": "ubuntu",
            "usePrivateAddress": False,
        },
        listed=True,
    ),
    config(
        "azureConfig",
        "dockerPort dockerSwarmMasterPort image location password publishSettingsFile size sshPort subscriptionCert "
        "subscriptionId username",
    ),
    config(
        "digitaloceanConfig",
        "image region size",
        required="accessToken",
        defaults={"sshUser": "root"},
        booleans="backups ipv6 privateNetworking",
        listed=True,
    ),
    config(
        "exoscaleConfig",
        "apiKey apiSecretKey availabilityZone diskSize image instanceProfile url",
        arrays="securityGroup",
    ),
    config(
        "openstackConfig",
        "authUrl availabilityZone domainId domainName endpointType flavorId flavorName floatingipPool imageId "
        "imageName netId netName password region secGroups sshPort sshUser tenantId tenantName username",
        booleans="insecure",
    ),
    config("packetConfig", "billingCycle facilityCode os plan", required="apiKey projectId", listed=True),
    config(
        "rackspaceConfig",
        "dockerInstall endpointType flavorId imageId region sshPort sshUser",
        required="apiKey username",
        listed=True,
    ),
    config(
        "softlayerConfig",
        "apiEndpoint apiKey cpu diskSize domain hostname image memory privateVlanId publicVlanId region user",
        booleans="hourlyBilling localDisk privateNetOnly",
    ),
    config(
        "virtualboxConfig",
        "boot2dockerUrl diskSize memory",
        defaults={"cpuCount": "1", "hostonlyCidr": "192.168.99.1/24", "importBoot2dockerVm": "", "noShare": False},
        listed=True,
    ),
    config(
        "vmwarevcloudairConfig",
        "catalog catalogitem computeid cpuCount dockerPort edgegateway memorySize orgvdcnetwork password publicip "
        "sshPort username vdcid",
        booleans="provision",
    ),
    config(
        "vmwarevsphereConfig",
        "boot2dockerUrl computeIp cpuCount datacenter datastore diskSize memorySize network password pool "
        "username vcenter",
    ),
)

MACHINE = ResourceType(
    name="machine",
    plural="machines",
    parent="physicalHost",
    access=access("crd", service="crud", restricted="r"),
    named="cr",
    one_of=("DriverConfigExactlyOneRequired", tuple(config.name for config in CONFIGS)),
    fields={
        "accountId": ref("account", always=True),
        "name": string("cr", column=True, required=True, nullable=False, min_length=1),
        "authCertificateAuthority": text("cr"),
        "authKey": text("cr"),
        "agentId": ref("agent", roles=NOBODY),
        "description": string("cr", column=True, max_length=1024, by_role={"service": "cru"}),
        "driver": string(column=True),
        "externalId": string(column=True),
        "extractedConfig": text("", by_role={"service": "ru"}),
        "labels": mapping("string", "cr"),
        **{config.name: embedded(config.name, "cr") for config in CONFIGS},
    },
    own={
        "secret": OwnKey("string"),
        "config": OwnKey("string"),
    },
)

TYPES = (MACHINE, wire_only("baseMachineConfig", {}), *CONFIGS)
