# SPDX-License-Identifier: Apache-2.0
"""Machines that drivers make, and the configuration of each driver. Source: Rancher's drivers of October 2015."""

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
    name: str, texts: str, *, required: str = "", booleans: str = "", arrays: str = "", listed: bool = False
) -> ResourceType:
    """Declare one driver's configuration: names of text fields and others, separated by blanks.

    ``listed``: its schema allows reading the collection instead of adding to it.
    """
    fields = {field: _text(field) for field in texts.split()}
    fields |= {field: _text(field, required=True, nullable=False) for field in required.split()}
    fields |= {field: boolean("cr") for field in booleans.split()}
    fields |= {field: array("string", "cr") for field in arrays.split()}
    return wire_only(name, dict(sorted(fields.items())), access=given("r" if listed else "cr"))


def _text(name: str, *, required: bool = False, nullable: bool = True) -> Field:
    type = "password" if name in SECRETS else "string"
    return Field(type=type, rights="cr", required=required, nullable=nullable)


CONFIGS = (
    config(
        "amazonec2Config",
        "ami iamInstanceProfile instanceType region rootSize securityGroup sessionToken subnetId vpcId zone",
        required="accessKey secretKey spotPrice sshUser",
        booleans="monitoring privateAddressOnly requestSpotInstance usePrivateAddress",
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
        required="accessToken sshUser",
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
        required="cpuCount hostonlyCidr importBoot2dockerVm",
        booleans="noShare",
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
