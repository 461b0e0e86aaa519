"""manage.py pgsluice_export: a model's rows, or a named export, into a file."""

from typing import Any, Dict, List, Tuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, FieldError, ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model

from ...client import post_ticket
from ...conf import get_config
from ...exceptions import PgsluiceError, TicketRefused, Unavailable
from ...fetch import EXIT_CODES, DownloadFailed, Server, absolute, ended_by_sigterm, reason, whole_file
from ...grants import EXPORT_NAME, export_token
from ...sql import check_database, compile_queryset


class Command(BaseCommand):
    help = (
        "Exports the rows of a model (APP.MODEL) or a named export of the server into a file. The file appears when "
        "it is whole and the server's receipt has confirmed it, and not at all otherwise. The exit codes are those of "
        "pgsluice run: 65 for a bad parameter, 75 when a later try may help, and so on."
    )
    # The rows come from the server: mistakes elsewhere in the project are none of its business.
    requires_system_checks: List[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", metavar="APP.MODEL|EXPORT")
        parser.add_argument("-o", "--output", default="-", metavar="FILE", help='"-" is standard output, the default')
        parser.add_argument(
            "-f",
            "--filter",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a lookup of the model (status=2, placed_at__gte=2026-01-01) or a parameter of the export; may be repeated",
        )
        parser.add_argument("--fields", metavar="A,B", help="columns of the model, also customer__name")
        parser.add_argument(
            "--order", metavar="A,-B", help="order of the model's rows; --order=-placed_at for a descending one"
        )
        parser.add_argument(
            "--dialect",
            choices=("django", "postgres", "excel"),
            help="default: django for a model, the export's own otherwise",
        )
        parser.add_argument(
            "--headers",
            choices=("verbose", "names", "off"),
            default="verbose",
            help="the header line of a model's export",
        )
        parser.add_argument("--format", default="csv", help="csv, tsv, jsonl, each also with .gz or .zst")
        parser.add_argument("--database", default=None, metavar="ALIAS", help="which of DATABASES the model is in")
        parser.add_argument(
            "--server",
            metavar="URL",
            help="the server's ordinary listener, http://127.0.0.1:8080 or unix:/path; "
            "default: PUBLIC_URL where that is an address",
        )
        parser.add_argument(
            "--read-timeout", type=float, default=600.0, metavar="SECONDS", help="longest wait for the next byte (600)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            config = get_config()
            url = options["server"] or config.public_url
            if not absolute(url):
                raise CommandError(
                    "where the server is: pass --server http://127.0.0.1:8080 (or unix:/path, its [server] listen), "
                    "or set PUBLIC_URL to an address",
                    returncode=78,
                )
            server = Server(url, options["read_timeout"])
            filters = dict(_pair(text) for text in options["filter"])
            if "." in options["what"]:
                path = self._ticket(options, filters)
            else:
                path = self._grant(options, filters)
            with ended_by_sigterm(), whole_file(options["output"]) as out:
                receipt = server.download(path, out)
        except DownloadFailed as error:
            raise CommandError(str(error), returncode=error.returncode) from error
        except Unavailable as error:
            raise CommandError(str(error), returncode=75) from error
        except TicketRefused as error:
            raise CommandError(str(error), returncode=EXIT_CODES.get(error.status, 70)) from error
        except ImproperlyConfigured as error:
            raise CommandError(str(error), returncode=78) from error
        except (PgsluiceError, ValueError, TypeError) as error:
            raise CommandError(str(error), returncode=65) from error
        except OSError as error:
            raise CommandError("cannot write %s: %s" % (options["output"], reason(error)), returncode=73) from error
        if options["verbosity"] > 0:
            self.stderr.write(
                "rows=%d bytes=%d sha256=%s id=%s" % (receipt.rows, receipt.bytes, receipt.sha256, receipt.run)
            )

    def _ticket(self, options: Dict[str, Any], filters: Dict[str, str]) -> str:
        try:
            model = apps.get_model(options["what"])
        except (LookupError, ValueError) as error:
            raise CommandError(str(error), returncode=64) from error
        try:
            queryset = model._default_manager.using(options["database"]).filter(**_typed(model, filters))
            if options["order"]:
                queryset = queryset.order_by(*_names(options["order"]))
            rows: Any = queryset
            if options["fields"]:
                rows = queryset.values_list(*_names(options["fields"]))
        except (FieldError, ValidationError) as error:
            raise CommandError("; ".join(getattr(error, "messages", [str(error)])), returncode=65) from error
        config = get_config()
        check_database(rows, config.databases)
        compiled = compile_queryset(rows, headers=options["headers"], dialect=options["dialect"] or "django")
        ticket = {
            **compiled.members(),
            "format": options["format"],
            "role": config.role_for(None),
            "settings": config.settings_for(None),
        }
        return post_ticket(config, ticket).path

    def _grant(self, options: Dict[str, Any], filters: Dict[str, str]) -> str:
        if options["fields"] or options["order"] or options["database"]:
            raise CommandError("--fields, --order and --database are for models", returncode=64)
        if not EXPORT_NAME.match(options["what"]):
            raise CommandError("%s is neither APP.MODEL nor the name of an export" % options["what"], returncode=64)
        dialect = {"dialect": options["dialect"]} if options["dialect"] else {}
        return "/grants/" + export_token(get_config(), options["what"], filters, options["format"], dialect)


def _pair(text: str) -> Tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise CommandError("--filter %s: write NAME=VALUE" % text, returncode=64)
    return name, value


def _names(text: str) -> List[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _typed(model: "type[Model]", filters: Dict[str, str]) -> Dict[str, Any]:
    """Lookups whose value is not text: lists, and whether a column is NULL."""
    typed: Dict[str, Any] = {}
    for name, value in filters.items():
        lookup = name.rpartition("__")[2]
        if lookup in ("in", "range"):
            typed[name] = _names(value)
        elif lookup == "isnull":
            typed[name] = _truth(name, value)
        else:
            typed[name] = _truth(name, value) if _is_boolean(model, name) else value
    return typed


def _truth(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise CommandError("--filter %s: true or false, not %s" % (name, value), returncode=65)
    return value.lower() == "true"


def _is_boolean(model: "type[Model]", name: str) -> bool:
    try:
        return model._meta.get_field(name).get_internal_type() == "BooleanField"
    except FieldDoesNotExist:
        return False
