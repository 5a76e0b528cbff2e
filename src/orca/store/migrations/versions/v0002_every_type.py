# SPDX-License-Identifier: Apache-2.0
"""Tables and columns of every type of the 2015 API."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is missing."""
    op.create_table(
        "event_pending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("resource_type", sa.String(length=64), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_pending")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agent_group",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_group")),
        sa.UniqueConstraint("live_key", name=op.f("uq_agent_group_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_agent_group_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agent_group_account_id"), "agent_group", ["account_id"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("auth_type", sa.Text(), nullable=True),
        sa.Column("authenticated_as_account_id", sa.Integer(), nullable=True),
        sa.Column("client_ip", sa.String(length=255), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("event_type", sa.String(length=255), nullable=True),
        sa.Column("resource_id", sa.String(length=255), nullable=True),
        sa.Column("resource_type", sa.String(length=255), nullable=True),
        sa.Column("runtime", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("live_key", name=op.f("uq_audit_log_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_log_account_id"), "audit_log", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_audit_log_authenticated_as_account_id"), "audit_log", ["authenticated_as_account_id"], unique=False
    )
    op.create_index(op.f("ix_audit_log_created"), "audit_log", ["created"], unique=False)
    op.create_table(
        "auth_token",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=40), nullable=True),
        sa.Column("provider", sa.String(length=255), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("version", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_token")),
        sa.UniqueConstraint("live_key", name=op.f("uq_auth_token_live_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_auth_token_account_id"), "auth_token", ["account_id"], unique=False)
    op.create_index(op.f("ix_auth_token_expires"), "auth_token", ["expires"], unique=False)
    op.create_table(
        "certificate",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("live_key", name=op.f("uq_certificate_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_certificate_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_certificate_account_id"), "certificate", ["account_id"], unique=False)
    op.create_table(
        "cluster_host_map",
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
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_host_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_cluster_host_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_cluster_host_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cluster_host_map_account_id"), "cluster_host_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_cluster_host_map_cluster_id"), "cluster_host_map", ["cluster_id"], unique=False)
    op.create_index(op.f("ix_cluster_host_map_host_id"), "cluster_host_map", ["host_id"], unique=False)
    op.create_table(
        "container_event",
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
        sa.Column("external_from", sa.String(length=255), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("external_status", sa.String(length=255), nullable=True),
        sa.Column("external_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("reported_host_uuid", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container_event")),
        sa.UniqueConstraint("live_key", name=op.f("uq_container_event_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_container_event_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_container_event_account_id"), "container_event", ["account_id"], unique=False)
    op.create_index(op.f("ix_container_event_host_id"), "container_event", ["host_id"], unique=False)
    op.create_table(
        "credential_instance_map",
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
        sa.Column("credential_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_instance_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_credential_instance_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_credential_instance_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_credential_instance_map_account_id"), "credential_instance_map", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_credential_instance_map_credential_id"), "credential_instance_map", ["credential_id"], unique=False
    )
    op.create_index(
        op.f("ix_credential_instance_map_instance_id"), "credential_instance_map", ["instance_id"], unique=False
    )
    op.create_table(
        "external_event",
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
        sa.Column("event_type", sa.String(length=255), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("reported_account_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_event")),
        sa.UniqueConstraint("live_key", name=op.f("uq_external_event_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_external_event_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_external_event_account_id"), "external_event", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_external_event_reported_account_id"), "external_event", ["reported_account_id"], unique=False
    )
    op.create_table(
        "external_handler",
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
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_handler")),
        sa.UniqueConstraint("live_key", name=op.f("uq_external_handler_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_external_handler_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_external_handler_account_id"), "external_handler", ["account_id"], unique=False)
    op.create_table(
        "external_handler_external_handler_process_map",
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
        sa.Column("external_handler_id", sa.Integer(), nullable=True),
        sa.Column("external_handler_process_id", sa.Integer(), nullable=True),
        sa.Column("on_error", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_handler_external_handler_process_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_external_handler_external_handler_process_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_external_handler_external_handler_process_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_external_handler_external_handler_process_map_account_id"),
        "external_handler_external_handler_process_map",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_external_handler_external_handler_process_map_external_handler_id"),
        "external_handler_external_handler_process_map",
        ["external_handler_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_external_handler_external_handler_process_map_external_handler_process_id"),
        "external_handler_external_handler_process_map",
        ["external_handler_process_id"],
        unique=False,
    )
    op.create_table(
        "external_handler_process",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_handler_process")),
        sa.UniqueConstraint("live_key", name=op.f("uq_external_handler_process_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_external_handler_process_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_external_handler_process_account_id"), "external_handler_process", ["account_id"], unique=False
    )
    op.create_table(
        "global_load_balancer",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_global_load_balancer")),
        sa.UniqueConstraint("live_key", name=op.f("uq_global_load_balancer_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_global_load_balancer_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_global_load_balancer_account_id"), "global_load_balancer", ["account_id"], unique=False)
    op.create_table(
        "healthcheck_instance",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_healthcheck_instance")),
        sa.UniqueConstraint("live_key", name=op.f("uq_healthcheck_instance_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_healthcheck_instance_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_healthcheck_instance_account_id"), "healthcheck_instance", ["account_id"], unique=False)
    op.create_index(op.f("ix_healthcheck_instance_instance_id"), "healthcheck_instance", ["instance_id"], unique=False)
    op.create_table(
        "healthcheck_instance_host_map",
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
        sa.Column("external_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("health_state", sa.String(length=128), nullable=True),
        sa.Column("healthcheck_instance_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_healthcheck_instance_host_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_healthcheck_instance_host_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_healthcheck_instance_host_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_healthcheck_instance_host_map_account_id"),
        "healthcheck_instance_host_map",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_healthcheck_instance_host_map_healthcheck_instance_id"),
        "healthcheck_instance_host_map",
        ["healthcheck_instance_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_healthcheck_instance_host_map_host_id"), "healthcheck_instance_host_map", ["host_id"], unique=False
    )
    op.create_index(
        op.f("ix_healthcheck_instance_host_map_instance_id"),
        "healthcheck_instance_host_map",
        ["instance_id"],
        unique=False,
    )
    op.create_table(
        "host_ip_address_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("ip_address_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_ip_address_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_host_ip_address_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_host_ip_address_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_host_ip_address_map_account_id"), "host_ip_address_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_host_ip_address_map_host_id"), "host_ip_address_map", ["host_id"], unique=False)
    op.create_index(
        op.f("ix_host_ip_address_map_ip_address_id"), "host_ip_address_map", ["ip_address_id"], unique=False
    )
    op.create_table(
        "host_label_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("label_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_label_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_host_label_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_host_label_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_host_label_map_account_id"), "host_label_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_host_label_map_host_id"), "host_label_map", ["host_id"], unique=False)
    op.create_index(op.f("ix_host_label_map_label_id"), "host_label_map", ["label_id"], unique=False)
    op.create_table(
        "host_vnet_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("vnet_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_vnet_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_host_vnet_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_host_vnet_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_host_vnet_map_account_id"), "host_vnet_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_host_vnet_map_host_id"), "host_vnet_map", ["host_id"], unique=False)
    op.create_index(op.f("ix_host_vnet_map_vnet_id"), "host_vnet_map", ["vnet_id"], unique=False)
    op.create_table(
        "image",
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
        sa.Column("checksum", sa.String(length=255), nullable=True),
        sa.Column("format", sa.String(length=255), nullable=True),
        sa.Column("instance_kind", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=True),
        sa.Column("physical_size_mb", sa.Integer(), nullable=True),
        sa.Column("registry_credential_id", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(length=255), nullable=True),
        sa.Column("virtual_size_mb", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
        sa.UniqueConstraint("live_key", name=op.f("uq_image_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_image_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_image_account_id"), "image", ["account_id"], unique=False)
    op.create_index(op.f("ix_image_registry_credential_id"), "image", ["registry_credential_id"], unique=False)
    op.create_table(
        "image_storage_pool_map",
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
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.Column("storage_pool_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_storage_pool_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_image_storage_pool_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_image_storage_pool_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_image_storage_pool_map_account_id"), "image_storage_pool_map", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_image_storage_pool_map_image_id"), "image_storage_pool_map", ["image_id"], unique=False)
    op.create_index(
        op.f("ix_image_storage_pool_map_storage_pool_id"), "image_storage_pool_map", ["storage_pool_id"], unique=False
    )
    op.create_table(
        "instance_host_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_host_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_instance_host_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_instance_host_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_instance_host_map_account_id"), "instance_host_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_instance_host_map_host_id"), "instance_host_map", ["host_id"], unique=False)
    op.create_index(op.f("ix_instance_host_map_instance_id"), "instance_host_map", ["instance_id"], unique=False)
    op.create_table(
        "instance_label_map",
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
        sa.Column("label_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_label_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_instance_label_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_instance_label_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_instance_label_map_account_id"), "instance_label_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_instance_label_map_instance_id"), "instance_label_map", ["instance_id"], unique=False)
    op.create_index(op.f("ix_instance_label_map_label_id"), "instance_label_map", ["label_id"], unique=False)
    op.create_table(
        "ip_address_nic_map",
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
        sa.Column("ip_address_id", sa.Integer(), nullable=True),
        sa.Column("nic_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ip_address_nic_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_ip_address_nic_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ip_address_nic_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ip_address_nic_map_account_id"), "ip_address_nic_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_ip_address_nic_map_ip_address_id"), "ip_address_nic_map", ["ip_address_id"], unique=False)
    op.create_index(op.f("ix_ip_address_nic_map_nic_id"), "ip_address_nic_map", ["nic_id"], unique=False)
    op.create_table(
        "ip_pool",
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
        sa.Column("is_public", sa.Boolean(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ip_pool")),
        sa.UniqueConstraint("live_key", name=op.f("uq_ip_pool_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ip_pool_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ip_pool_account_id"), "ip_pool", ["account_id"], unique=False)
    op.create_table(
        "label",
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
        sa.Column("key", sa.String(length=1024), nullable=True),
        sa.Column("type", sa.String(length=255), nullable=True),
        sa.Column("value", sa.String(length=4096), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("live_key", name=op.f("uq_label_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_label_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_label_account_id"), "label", ["account_id"], unique=False)
    op.create_table(
        "load_balancer",
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
        sa.Column("global_load_balancer_id", sa.Integer(), nullable=True),
        sa.Column("load_balancer_config_id", sa.Integer(), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_load_balancer_account_id"), "load_balancer", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_load_balancer_global_load_balancer_id"), "load_balancer", ["global_load_balancer_id"], unique=False
    )
    op.create_index(
        op.f("ix_load_balancer_load_balancer_config_id"), "load_balancer", ["load_balancer_config_id"], unique=False
    )
    op.create_index(op.f("ix_load_balancer_service_id"), "load_balancer", ["service_id"], unique=False)
    op.create_table(
        "load_balancer_config",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer_config")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_config_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_config_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_load_balancer_config_account_id"), "load_balancer_config", ["account_id"], unique=False)
    op.create_index(op.f("ix_load_balancer_config_service_id"), "load_balancer_config", ["service_id"], unique=False)
    op.create_table(
        "load_balancer_config_listener_map",
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
        sa.Column("load_balancer_config_id", sa.Integer(), nullable=True),
        sa.Column("load_balancer_listener_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer_config_listener_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_config_listener_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_config_listener_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_load_balancer_config_listener_map_account_id"),
        "load_balancer_config_listener_map",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_load_balancer_config_listener_map_load_balancer_config_id"),
        "load_balancer_config_listener_map",
        ["load_balancer_config_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_load_balancer_config_listener_map_load_balancer_listener_id"),
        "load_balancer_config_listener_map",
        ["load_balancer_listener_id"],
        unique=False,
    )
    op.create_table(
        "load_balancer_host_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("load_balancer_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer_host_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_host_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_host_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_load_balancer_host_map_account_id"), "load_balancer_host_map", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_load_balancer_host_map_host_id"), "load_balancer_host_map", ["host_id"], unique=False)
    op.create_index(
        op.f("ix_load_balancer_host_map_load_balancer_id"), "load_balancer_host_map", ["load_balancer_id"], unique=False
    )
    op.create_table(
        "load_balancer_listener",
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
        sa.Column("source_port", sa.Integer(), nullable=True),
        sa.Column("source_protocol", sa.Text(), nullable=True),
        sa.Column("target_port", sa.Integer(), nullable=True),
        sa.Column("target_protocol", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer_listener")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_listener_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_listener_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_load_balancer_listener_account_id"), "load_balancer_listener", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_load_balancer_listener_service_id"), "load_balancer_listener", ["service_id"], unique=False
    )
    op.create_table(
        "load_balancer_target",
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
        sa.Column("ip_address", sa.String(length=255), nullable=True),
        sa.Column("load_balancer_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer_target")),
        sa.UniqueConstraint("live_key", name=op.f("uq_load_balancer_target_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_load_balancer_target_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_load_balancer_target_account_id"), "load_balancer_target", ["account_id"], unique=False)
    op.create_index(op.f("ix_load_balancer_target_instance_id"), "load_balancer_target", ["instance_id"], unique=False)
    op.create_index(
        op.f("ix_load_balancer_target_load_balancer_id"), "load_balancer_target", ["load_balancer_id"], unique=False
    )
    op.create_table(
        "mount",
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
        sa.Column("path", sa.String(length=512), nullable=True),
        sa.Column("permissions", sa.String(length=128), nullable=True),
        sa.Column("volume_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mount")),
        sa.UniqueConstraint("live_key", name=op.f("uq_mount_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_mount_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mount_account_id"), "mount", ["account_id"], unique=False)
    op.create_index(op.f("ix_mount_instance_id"), "mount", ["instance_id"], unique=False)
    op.create_index(op.f("ix_mount_volume_id"), "mount", ["volume_id"], unique=False)
    op.create_table(
        "network_service",
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
        sa.Column("network_service_provider_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_service")),
        sa.UniqueConstraint("live_key", name=op.f("uq_network_service_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_network_service_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_network_service_account_id"), "network_service", ["account_id"], unique=False)
    op.create_index(op.f("ix_network_service_network_id"), "network_service", ["network_id"], unique=False)
    op.create_index(
        op.f("ix_network_service_network_service_provider_id"),
        "network_service",
        ["network_service_provider_id"],
        unique=False,
    )
    op.create_table(
        "network_service_provider",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_service_provider")),
        sa.UniqueConstraint("live_key", name=op.f("uq_network_service_provider_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_network_service_provider_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_network_service_provider_account_id"), "network_service_provider", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_network_service_provider_network_id"), "network_service_provider", ["network_id"], unique=False
    )
    op.create_table(
        "network_service_provider_instance_map",
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
        sa.Column("network_service_provider_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_service_provider_instance_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_network_service_provider_instance_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_network_service_provider_instance_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_network_service_provider_instance_map_account_id"),
        "network_service_provider_instance_map",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_network_service_provider_instance_map_instance_id"),
        "network_service_provider_instance_map",
        ["instance_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_network_service_provider_instance_map_network_service_provider_id"),
        "network_service_provider_instance_map",
        ["network_service_provider_id"],
        unique=False,
    )
    op.create_table(
        "nic",
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
        sa.Column("device_number", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("mac_address", sa.String(length=128), nullable=True),
        sa.Column("network_id", sa.Integer(), nullable=True),
        sa.Column("subnet_id", sa.Integer(), nullable=True),
        sa.Column("vnet_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nic")),
        sa.UniqueConstraint("live_key", name=op.f("uq_nic_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_nic_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_nic_account_id"), "nic", ["account_id"], unique=False)
    op.create_index(op.f("ix_nic_instance_id"), "nic", ["instance_id"], unique=False)
    op.create_index(op.f("ix_nic_network_id"), "nic", ["network_id"], unique=False)
    op.create_index(op.f("ix_nic_subnet_id"), "nic", ["subnet_id"], unique=False)
    op.create_index(op.f("ix_nic_vnet_id"), "nic", ["vnet_id"], unique=False)
    op.create_table(
        "resource_pool",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("item", sa.String(length=255), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("owner_type", sa.String(length=255), nullable=True),
        sa.Column("pool_id", sa.Integer(), nullable=True),
        sa.Column("pool_type", sa.String(length=255), nullable=True),
        sa.Column("qualifier", sa.String(length=128), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_pool")),
        sa.UniqueConstraint("live_key", name=op.f("uq_resource_pool_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_resource_pool_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_resource_pool_account_id"), "resource_pool", ["account_id"], unique=False)
    op.create_table(
        "service_event",
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
        sa.Column("external_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("healthcheck_instance_id", sa.Integer(), nullable=True),
        sa.Column("healthcheck_uuid", sa.String(length=255), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("reported_health", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_event")),
        sa.UniqueConstraint("live_key", name=op.f("uq_service_event_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_service_event_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_event_account_id"), "service_event", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_service_event_healthcheck_instance_id"), "service_event", ["healthcheck_instance_id"], unique=False
    )
    op.create_index(op.f("ix_service_event_host_id"), "service_event", ["host_id"], unique=False)
    op.create_index(op.f("ix_service_event_instance_id"), "service_event", ["instance_id"], unique=False)
    op.create_table(
        "snapshot",
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
        sa.Column("volume_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("live_key", name=op.f("uq_snapshot_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_snapshot_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_snapshot_account_id"), "snapshot", ["account_id"], unique=False)
    op.create_index(op.f("ix_snapshot_volume_id"), "snapshot", ["volume_id"], unique=False)
    op.create_table(
        "storage_pool",
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
        sa.Column("external", sa.Boolean(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("physical_total_size_mb", sa.Integer(), nullable=True),
        sa.Column("virtual_total_size_mb", sa.Integer(), nullable=True),
        sa.Column("zone_id", sa.Integer(), nullable=True),
        sa.Column("server_address", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_pool")),
        sa.UniqueConstraint("live_key", name=op.f("uq_storage_pool_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_storage_pool_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_storage_pool_account_id"), "storage_pool", ["account_id"], unique=False)
    op.create_index(op.f("ix_storage_pool_agent_id"), "storage_pool", ["agent_id"], unique=False)
    op.create_index(op.f("ix_storage_pool_zone_id"), "storage_pool", ["zone_id"], unique=False)
    op.create_table(
        "storage_pool_host_map",
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
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("storage_pool_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_pool_host_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_storage_pool_host_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_storage_pool_host_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_storage_pool_host_map_account_id"), "storage_pool_host_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_storage_pool_host_map_host_id"), "storage_pool_host_map", ["host_id"], unique=False)
    op.create_index(
        op.f("ix_storage_pool_host_map_storage_pool_id"), "storage_pool_host_map", ["storage_pool_id"], unique=False
    )
    op.create_table(
        "subnet_vnet_map",
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
        sa.Column("subnet_id", sa.Integer(), nullable=True),
        sa.Column("vnet_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnet_vnet_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_subnet_vnet_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_subnet_vnet_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subnet_vnet_map_account_id"), "subnet_vnet_map", ["account_id"], unique=False)
    op.create_index(op.f("ix_subnet_vnet_map_subnet_id"), "subnet_vnet_map", ["subnet_id"], unique=False)
    op.create_index(op.f("ix_subnet_vnet_map_vnet_id"), "subnet_vnet_map", ["vnet_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("live_key", name=op.f("uq_task_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_task_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_task_account_id"), "task", ["account_id"], unique=False)
    op.create_table(
        "task_instance",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(length=1024), nullable=True),
        sa.Column("kind", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("remove_time", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(length=128), nullable=True),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("exception", sa.String(length=255), nullable=True),
        sa.Column("server_id", sa.String(length=128), nullable=True),
        sa.Column("start_time", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_instance")),
        sa.UniqueConstraint("live_key", name=op.f("uq_task_instance_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_task_instance_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_task_instance_account_id"), "task_instance", ["account_id"], unique=False)
    op.create_index(op.f("ix_task_instance_task_id"), "task_instance", ["task_id"], unique=False)
    op.create_table(
        "user_preference",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_preference")),
        sa.UniqueConstraint("live_key", name=op.f("uq_user_preference_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_user_preference_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_user_preference_account_id"), "user_preference", ["account_id"], unique=False)
    op.create_table(
        "vnet",
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
        sa.Column("uri", sa.String(length=255), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vnet")),
        sa.UniqueConstraint("live_key", name=op.f("uq_vnet_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_vnet_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_vnet_account_id"), "vnet", ["account_id"], unique=False)
    op.create_index(op.f("ix_vnet_network_id"), "vnet", ["network_id"], unique=False)
    op.create_table(
        "volume",
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
        sa.Column("allocation_state", sa.String(length=255), nullable=True),
        sa.Column("attached_state", sa.String(length=255), nullable=True),
        sa.Column("device_number", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("format", sa.String(length=255), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("physical_size_mb", sa.Integer(), nullable=True),
        sa.Column("uri", sa.String(length=512), nullable=True),
        sa.Column("virtual_size_mb", sa.Integer(), nullable=True),
        sa.Column("zone_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume")),
        sa.UniqueConstraint("live_key", name=op.f("uq_volume_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_volume_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_volume_account_id"), "volume", ["account_id"], unique=False)
    op.create_index(op.f("ix_volume_host_id"), "volume", ["host_id"], unique=False)
    op.create_index(op.f("ix_volume_image_id"), "volume", ["image_id"], unique=False)
    op.create_index(op.f("ix_volume_instance_id"), "volume", ["instance_id"], unique=False)
    op.create_index(op.f("ix_volume_zone_id"), "volume", ["zone_id"], unique=False)
    op.create_table(
        "volume_storage_pool_map",
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
        sa.Column("storage_pool_id", sa.Integer(), nullable=True),
        sa.Column("volume_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume_storage_pool_map")),
        sa.UniqueConstraint("live_key", name=op.f("uq_volume_storage_pool_map_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_volume_storage_pool_map_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_volume_storage_pool_map_account_id"), "volume_storage_pool_map", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_volume_storage_pool_map_storage_pool_id"), "volume_storage_pool_map", ["storage_pool_id"], unique=False
    )
    op.create_index(
        op.f("ix_volume_storage_pool_map_volume_id"), "volume_storage_pool_map", ["volume_id"], unique=False
    )
    op.create_table(
        "zone",
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
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("live_key", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("live_key", name=op.f("uq_zone_live_key")),
        sa.UniqueConstraint("uuid", name=op.f("uq_zone_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_zone_account_id"), "zone", ["account_id"], unique=False)
    op.add_column("credential", sa.Column("registry_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_credential_registry_id"), "credential", ["registry_id"], unique=False)
    op.add_column("instance", sa.Column("registry_credential_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_instance_registry_credential_id"), "instance", ["registry_credential_id"], unique=False)
    # ### end Alembic commands ###
