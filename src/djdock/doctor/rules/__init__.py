"""The rules: one module each; those for steps that failed are asked in this order, and the first that knows wins."""

from __future__ import annotations

from typing import Protocol

from djdock.doctor.case import Case, Finding
from djdock.doctor.rules import (
    conflicting_migrations,
    contrib_postgres,
    database_extension,
    database_without_ssl,
    dependency_too_new,
    disallowed_host,
    django_too_new,
    empty_database,
    env_in_git,
    env_in_image,
    environment_below_mount,
    front_end_not_built,
    git_dependency,
    healthcheck_on_socket,
    https_redirect,
    internet_needed,
    invalid_variable,
    localhost_in_container,
    merge_conflict,
    missing_cache_table,
    missing_folder,
    missing_migration,
    missing_module,
    missing_package,
    missing_static_files,
    missing_template,
    missing_variable,
    missing_wait,
    newer_python_needed,
    obsolete_version,
    older_psycopg_needed,
    older_python_needed,
    open_ports,
    password_newer_than_volume,
    postgres_too_old,
    project_template,
    python_two,
    queries_at_import,
    root_with_bind_mount,
    runserver_in_production,
    secret_in_image,
    service_not_running,
    sqlite_only_migration,
    system_library,
    trust_authentication,
    uncommitted_migrations,
    unpinned_image,
    versions_that_do_not_fit,
    volume_path,
)


class Rule(Protocol):
    """What a module of this family offers."""

    NAME: str
    TITLE: str
    # The texts of the rule's page: what people see, why, what they do, what djdock does by itself.
    SEEN: str
    CAUSE: str
    FIX: str
    DOES: str

    def find(self, case: Case) -> tuple[Finding, ...]:
        """What is wrong; empty where nothing is, or where the rule knows nothing of it."""


# Of a step that failed: the more specific before the more general.
FAILURES: tuple[Rule, ...] = (
    project_template,
    merge_conflict,
    python_two,
    newer_python_needed,
    older_python_needed,
    django_too_new,
    dependency_too_new,
    postgres_too_old,
    older_psycopg_needed,
    git_dependency,
    system_library,
    missing_variable,
    invalid_variable,
    missing_package,
    missing_module,
    missing_migration,
    conflicting_migrations,
    missing_cache_table,
    database_extension,
    queries_at_import,
    uncommitted_migrations,
    sqlite_only_migration,
    contrib_postgres,
    database_without_ssl,
    missing_static_files,
    front_end_not_built,
    missing_template,
    disallowed_host,
    https_redirect,
    service_not_running,
    internet_needed,
    missing_folder,
    empty_database,
)
# Of what the files say, at any time.
FILES: tuple[Rule, ...] = (
    healthcheck_on_socket,
    trust_authentication,
    volume_path,
    password_newer_than_volume,
    missing_wait,
    open_ports,
    localhost_in_container,
    versions_that_do_not_fit,
    unpinned_image,
    root_with_bind_mount,
    environment_below_mount,
    secret_in_image,
    env_in_git,
    env_in_image,
    runserver_in_production,
    obsolete_version,
)
REGISTRY: tuple[Rule, ...] = FAILURES + FILES
BY_NAME: dict[str, Rule] = {rule.NAME: rule for rule in REGISTRY}
