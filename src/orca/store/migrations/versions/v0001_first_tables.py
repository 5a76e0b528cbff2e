# SPDX-License-Identifier: Apache-2.0
"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("external_id_type", sa.String(length=128), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("live_key", name=op.f("uq_account_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_account_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_account_id"), "account", ["account_id"], unique=False)
    op.create_index(op.f("ix_account_external_id"), "account", ["external_id"], unique=False)
    op.create_table(
        "agent",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("uri", sa.String(length=255), nullable=True),
        sa.Column("registration_key", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("live_key", name=op.f("uq_agent_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_agent_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agent_account_id"), "agent", ["account_id"], unique=False)
    op.create_index(op.f("ix_agent_registration_key"), "agent", ["registration_key"], unique=False)
    op.create_table(
        "config_item",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("source_version", sa.String(length=1024), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_item")),
        sa.UniqueConstraint("live_key", name=op.f("uq_config_item_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_config_item_name"), "config_item", ["name"], unique=False)
    op.create_table(
        "config_item_status",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("requested_version", sa.Integer(), nullable=True),
        sa.Column("requested_updated", sa.BigInteger(), nullable=True),
        sa.Column("applied_version", sa.Integer(), nullable=True),
        sa.Column("applied_updated", sa.BigInteger(), nullable=True),
        sa.Column("resource_id", sa.Integer(), nullable=True),
        sa.Column("resource_type", sa.String(length=128), nullable=True),
        sa.Column("source_version", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_item_status")),
        sa.UniqueConstraint("live_key", name=op.f("uq_config_item_status_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_config_item_status_account_id"), "config_item_status", ["account_id"], unique=False)
    op.create_index(op.f("ix_config_item_status_agent_id"), "config_item_status", ["agent_id"], unique=False)
    op.create_index(op.f("ix_config_item_status_host_id"), "config_item_status", ["host_id"], unique=False)
    op.create_index(op.f("ix_config_item_status_name"), "config_item_status", ["name"], unique=False)
    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("public_value", sa.String(length=255), nullable=True),
        sa.Column("secret_hash", sa.String(length=512), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("live_key", name=op.f("uq_credential_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_credential_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_credential_account_id"), "credential", ["account_id"], unique=False)
    op.create_index(op.f("ix_credential_public_value"), "credential", ["public_value"], unique=False)
    op.create_table(
        "environment",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=63), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("health_state", sa.String(length=128), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environment")),
        sa.UniqueConstraint("live_key", name=op.f("uq_environment_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_environment_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_environment_account_id"), "environment", ["account_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("resource_type", sa.String(length=64), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_created", "event", ["created"], unique=False)
    op.create_table(
        "generic_object",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generic_object")),
        sa.UniqueConstraint("live_key", name=op.f("uq_generic_object_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_generic_object_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_generic_object_account_id"), "generic_object", ["account_id"], unique=False)
    op.create_index(op.f("ix_generic_object_key"), "generic_object", ["key"], unique=False)
    op.create_table(
        "host",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("agent_state", sa.String(length=128), nullable=True),
        sa.Column("agent_ip_address", sa.String(length=255), nullable=True),
        sa.Column("hostname", sa.String(length=255), nullable=True),
        sa.Column("physical_host_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host")),
        sa.UniqueConstraint("live_key", name=op.f("uq_host_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_host_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_host_account_id"), "host", ["account_id"], unique=False)
    op.create_index(op.f("ix_host_agent_id"), "host", ["agent_id"], unique=False)
    op.create_index(op.f("ix_host_physical_host_id"), "host", ["physical_host_id"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("allocation_state", sa.String(length=128), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("create_index", sa.Integer(), nullable=True),
        sa.Column("deployment_unit_uuid", sa.String(length=128), nullable=True),
        sa.Column("first_running", sa.BigInteger(), nullable=True),
        sa.Column("health_state", sa.String(length=128), nullable=True),
        sa.Column("instance_triggered_stop", sa.String(length=128), nullable=True),
        sa.Column("native_container", sa.Boolean(), nullable=True),
        sa.Column("network_container_id", sa.Integer(), nullable=True),
        sa.Column("start_count", sa.Integer(), nullable=True),
        sa.Column("system_container", sa.String(length=128), nullable=True),
        sa.Column("version", sa.String(length=255), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("environment_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("live_key", name=op.f("uq_instance_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_instance_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_instance_account_id"), "instance", ["account_id"], unique=False)
    op.create_index(op.f("ix_instance_agent_id"), "instance", ["agent_id"], unique=False)
    op.create_index(op.f("ix_instance_environment_id"), "instance", ["environment_id"], unique=False)
    op.create_index(op.f("ix_instance_external_id"), "instance", ["external_id"], unique=False)
    op.create_index(op.f("ix_instance_host_id"), "instance", ["host_id"], unique=False)
    op.create_index(op.f("ix_instance_network_container_id"), "instance", ["network_container_id"], unique=False)
    op.create_index(op.f("ix_instance_service_id"), "instance", ["service_id"], unique=False)
    op.create_table(
        "instance_link",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("link_name", sa.String(length=255), nullable=True),
        sa.Column("target_instance_id", sa.Integer(), nullable=True),
        sa.Column("service_consume_map_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_link")),
        sa.UniqueConstraint("live_key", name=op.f("uq_instance_link_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_instance_link_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_instance_link_account_id"), "instance_link", ["account_id"], unique=False)
    op.create_index(op.f("ix_instance_link_instance_id"), "instance_link", ["instance_id"], unique=False)
    op.create_index(
        op.f("ix_instance_link_service_consume_map_id"), "instance_link", ["service_consume_map_id"], unique=False
    )
    op.create_index(op.f("ix_instance_link_target_instance_id"), "instance_link", ["target_instance_id"], unique=False)
    op.create_table(
        "ip_address",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("network_id", sa.Integer(), nullable=True),
        sa.Column("subnet_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ip_address")),
        sa.UniqueConstraint("live_key", name=op.f("uq_ip_address_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ip_address_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ip_address_account_id"), "ip_address", ["account_id"], unique=False)
    op.create_index(op.f("ix_ip_address_address"), "ip_address", ["address"], unique=False)
    op.create_index(op.f("ix_ip_address_host_id"), "ip_address", ["host_id"], unique=False)
    op.create_index(op.f("ix_ip_address_instance_id"), "ip_address", ["instance_id"], unique=False)
    op.create_index(op.f("ix_ip_address_network_id"), "ip_address", ["network_id"], unique=False)
    op.create_index(op.f("ix_ip_address_subnet_id"), "ip_address", ["subnet_id"], unique=False)
    op.create_table(
        "mesh_link",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("peer_host_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("last_probe", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mesh_link")),
        sa.UniqueConstraint("live_key", name=op.f("uq_mesh_link_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mesh_link_account_id"), "mesh_link", ["account_id"], unique=False)
    op.create_index(op.f("ix_mesh_link_host_id"), "mesh_link", ["host_id"], unique=False)
    op.create_index(op.f("ix_mesh_link_peer_host_id"), "mesh_link", ["peer_host_id"], unique=False)
    op.create_table(
        "network",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("domain", sa.String(length=128), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint("live_key", name=op.f("uq_network_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_network_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_network_account_id"), "network", ["account_id"], unique=False)
    op.create_table(
        "physical_host",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("driver", sa.String(length=255), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_physical_host")),
        sa.UniqueConstraint("live_key", name=op.f("uq_physical_host_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_physical_host_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_physical_host_account_id"), "physical_host", ["account_id"], unique=False)
    op.create_index(op.f("ix_physical_host_agent_id"), "physical_host", ["agent_id"], unique=False)
    op.create_table(
        "port",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("bind_address", sa.String(length=255), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("private_ip_address_id", sa.Integer(), nullable=True),
        sa.Column("private_port", sa.Integer(), nullable=True),
        sa.Column("protocol", sa.String(length=8), nullable=True),
        sa.Column("public_ip_address_id", sa.Integer(), nullable=True),
        sa.Column("public_port", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port")),
        sa.UniqueConstraint("live_key", name=op.f("uq_port_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_port_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_port_account_id"), "port", ["account_id"], unique=False)
    op.create_index(op.f("ix_port_host_id"), "port", ["host_id"], unique=False)
    op.create_index(op.f("ix_port_instance_id"), "port", ["instance_id"], unique=False)
    op.create_index(op.f("ix_port_private_ip_address_id"), "port", ["private_ip_address_id"], unique=False)
    op.create_index(op.f("ix_port_public_ip_address_id"), "port", ["public_ip_address_id"], unique=False)
    op.create_index(op.f("ix_port_public_port"), "port", ["public_port"], unique=False)
    op.create_table(
        "process_execution",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("process_instance_id", sa.Integer(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_execution")),
        sa.UniqueConstraint("live_key", name=op.f("uq_process_execution_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_process_execution_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_process_execution_account_id"), "process_execution", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_process_execution_process_instance_id"), "process_execution", ["process_instance_id"], unique=False
    )
    op.create_table(
        "process_instance",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(length=128), nullable=True),
        sa.Column("phase", sa.String(length=128), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("process_name", sa.String(length=255), nullable=True),
        sa.Column("resource_id", sa.String(length=255), nullable=True),
        sa.Column("resource_type", sa.String(length=255), nullable=True),
        sa.Column("result", sa.String(length=128), nullable=True),
        sa.Column("running_process_server_id", sa.String(length=255), nullable=True),
        sa.Column("start_process_server_id", sa.String(length=255), nullable=True),
        sa.Column("start_time", sa.BigInteger(), nullable=True),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("run_after", sa.BigInteger(), nullable=True),
        sa.Column("state_field", sa.String(length=64), nullable=True),
        sa.Column("from_state", sa.String(length=64), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instance")),
        sa.UniqueConstraint("live_key", name=op.f("uq_process_instance_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_process_instance_account_id"), "process_instance", ["account_id"], unique=False)
    op.create_index(op.f("ix_process_instance_end_time"), "process_instance", ["end_time"], unique=False)
    op.create_index(op.f("ix_process_instance_run_after"), "process_instance", ["run_after"], unique=False)
    op.create_table(
        "process_step",
        sa.Column("process_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("process_id", "name", name=op.f("pk_process_step")),
    )
    op.create_table(
        "project_member",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("external_id_type", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_member")),
        sa.UniqueConstraint("live_key", name=op.f("uq_project_member_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_project_member_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_project_member_account_id"), "project_member", ["account_id"], unique=False)
    op.create_index(op.f("ix_project_member_project_id"), "project_member", ["project_id"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=63), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("environment_id", sa.Integer(), nullable=True),
        sa.Column("current_scale", sa.Integer(), nullable=True),
        sa.Column("create_index", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("health_state", sa.String(length=128), nullable=True),
        sa.Column("selector_container", sa.String(length=4096), nullable=True),
        sa.Column("selector_link", sa.String(length=4096), nullable=True),
        sa.Column("vip", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("live_key", name=op.f("uq_service_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_service_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_account_id"), "service", ["account_id"], unique=False)
    op.create_index(op.f("ix_service_environment_id"), "service", ["environment_id"], unique=False)
    op.create_table(
        "service_consume_map",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("consumed_service_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_consume_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_service_consume_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_service_consume_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_consume_map_account_id"), "service_consume_map", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_service_consume_map_consumed_service_id"), "service_consume_map", ["consumed_service_id"], unique=False
    )
    op.create_index(op.f("ix_service_consume_map_service_id"), "service_consume_map", ["service_id"], unique=False)
    op.create_table(
        "service_expose_map",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("ip_address", sa.String(length=255), nullable=True),
        sa.Column("host_name", sa.String(length=255), nullable=True),
        sa.Column("dns_prefix", sa.String(length=255), nullable=True),
        sa.Column("managed", sa.Boolean(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_expose_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_service_expose_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_service_expose_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_expose_map_account_id"), "service_expose_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_service_expose_map_instance_id"), "service_expose_map", ["instance_id"], unique=False)
    op.create_index(op.f("ix_service_expose_map_service_id"), "service_expose_map", ["service_id"], unique=False)
    op.create_table(
        "setting",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting")),
        sa.UniqueConstraint("live_key", name=op.f("uq_setting_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subnet",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=True),
        sa.Column("network_id", sa.Integer(), nullable=True),
        sa.Column("network_address", sa.String(length=255), nullable=True),
        sa.Column("cidr_size", sa.Integer(), nullable=True),
        sa.Column("gateway", sa.String(length=255), nullable=True),
        sa.Column("start_address", sa.String(length=255), nullable=True),
        sa.Column("end_address", sa.String(length=255), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnet")),
        sa.UniqueConstraint("live_key", name=op.f("uq_subnet_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_subnet_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subnet_account_id"), "subnet", ["account_id"], unique=False)
    op.create_index(op.f("ix_subnet_host_id"), "subnet", ["host_id"], unique=False)
    op.create_index(op.f("ix_subnet_network_id"), "subnet", ["network_id"], unique=False)


def downgrade() -> None:
    """Drop all tables."""
    op.drop_index(op.f("ix_subnet_network_id"), table_name="subnet")
    op.drop_index(op.f("ix_subnet_host_id"), table_name="subnet")
    op.drop_index(op.f("ix_subnet_account_id"), table_name="subnet")
    op.drop_table("subnet")
    op.drop_table("setting")
    op.drop_index(op.f("ix_service_expose_map_service_id"), table_name="service_expose_map")
    op.drop_index(op.f("ix_service_expose_map_instance_id"), table_name="service_expose_map")
    op.drop_index(op.f("ix_service_expose_map_account_id"), table_name="service_expose_map")
    op.drop_table("service_expose_map")
    op.drop_index(op.f("ix_service_consume_map_service_id"), table_name="service_consume_map")
    op.drop_index(op.f("ix_service_consume_map_consumed_service_id"), table_name="service_consume_map")
    op.drop_index(op.f("ix_service_consume_map_account_id"), table_name="service_consume_map")
    op.drop_table("service_consume_map")
    op.drop_index(op.f("ix_service_environment_id"), table_name="service")
    op.drop_index(op.f("ix_service_account_id"), table_name="service")
    op.drop_table("service")
    op.drop_index(op.f("ix_project_member_project_id"), table_name="project_member")
    op.drop_index(op.f("ix_project_member_account_id"), table_name="project_member")
    op.drop_table("project_member")
    op.drop_table("process_step")
    op.drop_index(op.f("ix_process_instance_run_after"), table_name="process_instance")
    op.drop_index(op.f("ix_process_instance_end_time"), table_name="process_instance")
    op.drop_index(op.f("ix_process_instance_account_id"), table_name="process_instance")
    op.drop_table("process_instance")
    op.drop_index(op.f("ix_process_execution_process_instance_id"), table_name="process_execution")
    op.drop_index(op.f("ix_process_execution_account_id"), table_name="process_execution")
    op.drop_table("process_execution")
    op.drop_index(op.f("ix_port_public_port"), table_name="port")
    op.drop_index(op.f("ix_port_public_ip_address_id"), table_name="port")
    op.drop_index(op.f("ix_port_private_ip_address_id"), table_name="port")
    op.drop_index(op.f("ix_port_instance_id"), table_name="port")
    op.drop_index(op.f("ix_port_host_id"), table_name="port")
    op.drop_index(op.f("ix_port_account_id"), table_name="port")
    op.drop_table("port")
    op.drop_index(op.f("ix_physical_host_agent_id"), table_name="physical_host")
    op.drop_index(op.f("ix_physical_host_account_id"), table_name="physical_host")
    op.drop_table("physical_host")
    op.drop_index(op.f("ix_network_account_id"), table_name="network")
    op.drop_table("network")
    op.drop_index(op.f("ix_mesh_link_peer_host_id"), table_name="mesh_link")
    op.drop_index(op.f("ix_mesh_link_host_id"), table_name="mesh_link")
    op.drop_index(op.f("ix_mesh_link_account_id"), table_name="mesh_link")
    op.drop_table("mesh_link")
    op.drop_index(op.f("ix_ip_address_subnet_id"), table_name="ip_address")
    op.drop_index(op.f("ix_ip_address_network_id"), table_name="ip_address")
    op.drop_index(op.f("ix_ip_address_instance_id"), table_name="ip_address")
    op.drop_index(op.f("ix_ip_address_host_id"), table_name="ip_address")
    op.drop_index(op.f("ix_ip_address_address"), table_name="ip_address")
    op.drop_index(op.f("ix_ip_address_account_id"), table_name="ip_address")
    op.drop_table("ip_address")
    op.drop_index(op.f("ix_instance_link_target_instance_id"), table_name="instance_link")
    op.drop_index(op.f("ix_instance_link_service_consume_map_id"), table_name="instance_link")
    op.drop_index(op.f("ix_instance_link_instance_id"), table_name="instance_link")
    op.drop_index(op.f("ix_instance_link_account_id"), table_name="instance_link")
    op.drop_table("instance_link")
    op.drop_index(op.f("ix_instance_service_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_network_container_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_host_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_external_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_environment_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_agent_id"), table_name="instance")
    op.drop_index(op.f("ix_instance_account_id"), table_name="instance")
    op.drop_table("instance")
    op.drop_index(op.f("ix_host_physical_host_id"), table_name="host")
    op.drop_index(op.f("ix_host_agent_id"), table_name="host")
    op.drop_index(op.f("ix_host_account_id"), table_name="host")
    op.drop_table("host")
    op.drop_index(op.f("ix_generic_object_key"), table_name="generic_object")
    op.drop_index(op.f("ix_generic_object_account_id"), table_name="generic_object")
    op.drop_table("generic_object")
    op.drop_index("ix_event_created", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_environment_account_id"), table_name="environment")
    op.drop_table("environment")
    op.drop_index(op.f("ix_credential_public_value"), table_name="credential")
    op.drop_index(op.f("ix_credential_account_id"), table_name="credential")
    op.drop_table("credential")
    op.drop_index(op.f("ix_config_item_status_name"), table_name="config_item_status")
    op.drop_index(op.f("ix_config_item_status_host_id"), table_name="config_item_status")
    op.drop_index(op.f("ix_config_item_status_agent_id"), table_name="config_item_status")
    op.drop_index(op.f("ix_config_item_status_account_id"), table_name="config_item_status")
    op.drop_table("config_item_status")
    op.drop_index(op.f("ix_config_item_name"), table_name="config_item")
    op.drop_table("config_item")
    op.drop_index(op.f("ix_agent_registration_key"), table_name="agent")
    op.drop_index(op.f("ix_agent_account_id"), table_name="agent")
    op.drop_table("agent")
    op.drop_index(op.f("ix_account_external_id"), table_name="account")
    op.drop_index(op.f("ix_account_account_id"), table_name="account")
    op.drop_table("account")
