"""The rows of all tables, as SQLite is to hold them; the same number and seed always give the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.copying import material
from benchmarks.copying.material import Random

Value = str | int | float | bytes | None
Row = tuple[Value, ...]
# Where floats end, and where 15 digits are too few.
FLOATS = (0.0, -1.0, 0.1, 1 / 3, 1e21, 1.7976931348623157e308, -2.2250738585072014e-308, 123456789.12345679, 5e-324)
LARGEST = 2**63 - 1
STATUSES = ("open", "paid", "sent", "done", "cancelled")
EVERY_NTH_IS_EXTREME = 1000
ORDERS_PER_CART = 40
GROUPS = 6
PERMISSIONS = 24  # that somebody has: every project with users has more
FEWEST = 20
# How many of the rows are of which table, of a thousand.
PER_THOUSAND = {"users": 8, "products": 20, "orders": 120, "posts": 40, "comments": 170, "sensors": 1}


@dataclass(frozen=True)
class Sizes:
    """How many rows each table gets; readings are what is left."""

    total: int
    users: int
    products: int
    orders: int
    posts: int
    comments: int
    sensors: int
    categories: int
    tags: int

    @property
    def readings(self) -> int:
        others = (self.users, self.users // 2, self.users // 10, GROUPS, PERMISSIONS, self.products, self.orders)
        more = (self.lines, self.posts, self.comments, self.sensors, self.categories, self.tags, self.posts * 2)
        return self.total - sum(others) - sum(more)

    @property
    def lines(self) -> int:
        """An order has one, two or three, in turn."""
        return self.orders // 3 * 6 + (0, 1, 3)[self.orders % 3]


def sizes(total: int) -> Sizes:
    """What a number of rows is made of.

    Raises:
        ValueError: so few that some tables would be empty.
    """
    counts = {name: max(FEWEST, total * share // 1000) for name, share in PER_THOUSAND.items()}
    found = Sizes(total, categories=min(200, FEWEST + total // 500), tags=min(500, FEWEST + total // 200), **counts)
    if found.readings < FEWEST:
        raise ValueError(f"{total} rows are too few")
    return found


def with_gap(number: int) -> int:
    """The key of a row where every tenth was deleted."""
    return number + number // 9 + 1


@dataclass(frozen=True)
class Source:
    """What a table's rows are drawn from."""

    chance: Random
    sizes: Sizes
    prose: str
    products: Sequence[str]  # their keys

    def text(self, shortest: int, longest: int) -> str:
        return material.piece(self.prose, self.chance, shortest, longest)

    def below(self, number: int) -> int:
        return int(self.chance.random() * number)

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    @property
    def user(self) -> int:
        return with_gap(self.below(self.sizes.users))


def _user(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.users):
        last = material.moment(source.chance) if source.odds(0.7) else None
        password = f"pbkdf2_sha256$1000000${source.chance.getrandbits(96):x}${source.chance.getrandbits(256):x}="
        name = f"user-{number}"
        yield (
            with_gap(number), password, last, int(number == 0), name, source.text(0, 30), source.text(0, 30),
            f"{name}@example.com" if source.odds(0.9) else "", int(source.odds(0.02)), int(source.odds(0.95)),
            material.moment(source.chance),
        )  # fmt: skip


def _group(_source: Source) -> Iterator[Row]:
    for number in range(GROUPS):
        yield number + 1, f"group {number}, équipe"


def _group_permissions(_source: Source) -> Iterator[Row]:
    for number in range(PERMISSIONS):
        yield number + 1, number % GROUPS + 1, number + 1


def _user_groups(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.users // 2):
        yield number + 1, with_gap(number * 2), source.below(GROUPS) + 1


def _user_permissions(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.users // 10):
        yield number + 1, with_gap(number * 10), source.below(PERMISSIONS) + 1


def _category(source: Source) -> Iterator[Row]:
    keys = source.products
    for number in range(source.sizes.categories):
        # Children before their parents too: in no order of keys does each come after what it refers to.
        parent = source.below(source.sizes.categories) + 1 if source.odds(0.8) else None
        featured = keys[source.below(len(keys))] if source.odds(0.6) else None
        yield number + 1, source.text(3, 80), number % 100, parent, featured


def _product(source: Source) -> Iterator[Row]:
    chance = source.chance
    for number, key in enumerate(source.products):
        attributes = {
            "colour": source.text(3, 12),
            "sizes": [source.below(60) for _size in range(source.below(6))],
            "weight": {"net": chance.random() * 100, "unit": "kg"},
            "fragile": source.odds(0.2),
            "origin": None,
        }
        yield (
            key, f"SKU-{number:08}", source.text(5, 120), f"product-{number}", source.text(100, 3400),
            source.below(source.sizes.categories) + 1, material.decimal(source.below(10_000_000), 2),
            chance.random() * 500 if source.odds(0.8) else None, source.below(2**31),
            source.below(65_536) - 32_768 if source.odds(0.6) else None, json.dumps(attributes),
            int(source.odds(0.9)), material.day(chance) if source.odds(0.7) else None,
            f"https://example.com/products/{number}?q=%C3%A9" if source.odds(0.5) else "",
            f"products/{number % 100}/{number}.jpg" if source.odds(0.8) else "",
            "/srv/templates/wide.html" if source.odds(0.3) else "",
        )  # fmt: skip


def _order(source: Source) -> Iterator[Row]:
    chance = source.chance
    for number in range(source.sizes.orders):
        user, status = source.user, STATUSES[source.below(len(STATUSES))]
        cart, rest = divmod(number, ORDERS_PER_CART)
        if rest == 0 and cart < source.sizes.users:  # a user has one cart at most
            user, status = with_gap(cart), "cart"
        address = {
            "name": source.text(4, 30),
            "street": source.text(5, 40),
            "zip": f"{source.below(100_000):05}",
            "city": source.text(3, 20),
            "phones": [f"+41 {source.below(10**9)}"],
        }
        yield (
            with_gap(number), 4_000_000_000 + number * 7, user, status, material.moment(chance),
            f"user{user}@example.org", material.decimal(source.below(10**8) - 1000, 2),
            material.decimal(source.below(10_000), 4) if source.odds(0.3) else None, json.dumps(address),
            source.text(1, 900) if source.odds(0.6) else "", (None, 0, 1)[source.below(3)],
            material.ip(chance) if source.odds(0.8) else None,
            source.below(10**12) - 10**9 if source.odds(0.6) else None,
        )  # fmt: skip


def _line(source: Source) -> Iterator[Row]:
    keys = source.products
    key = 0
    for order in range(source.sizes.orders):
        first = source.below(len(keys))
        for number in range(order % 3 + 1):
            key += 1
            yield (
                key, with_gap(order), keys[(first + number) % len(keys)], source.below(12) + 1,
                material.decimal(source.below(1_000_000), 2), (0, 25, 81, -1)[source.below(4)],
            )  # fmt: skip


def _tag(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.tags):
        yield number + 1, f"{number} {source.text(1, 34)}"


def _post(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.posts):
        meta = {"words": source.below(5000), "lead": source.text(0, 80), "score": source.chance.random()}
        yield (
            number + 1, source.user, source.text(10, 200), f"post-{number}", source.text(100, 2600),
            material.moment(source.chance) if source.odds(0.9) else None,
            material.time(source.chance) if source.odds(0.2) else None,
            LARGEST if number % EVERY_NTH_IS_EXTREME == 0 else source.below(10**7),
            json.dumps(meta) if source.odds(0.7) else None,
            source.below(source.sizes.comments) + 1 if source.odds(0.5) else None,
        )  # fmt: skip


def _post_tags(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.posts * 2):
        # Both of a post's tags differ: they are of the even and of the odd ones.
        yield number + 1, number // 2 + 1, source.below(source.sizes.tags // 2) * 2 + number % 2 + 1


def _comment(source: Source) -> Iterator[Row]:
    for number in range(source.sizes.comments):
        yield (
            number + 1, source.below(source.sizes.posts) + 1, source.user if source.odds(0.8) else None,
            source.below(source.sizes.comments) + 1 if source.odds(0.3) else None, source.text(1, 1500),
            material.moment(source.chance), source.below(2000) - 1000, int(source.odds(0.9)),
            material.ip(source.chance),
        )  # fmt: skip


def _sensor(source: Source) -> Iterator[Row]:
    chance = source.chance
    for number in range(source.sizes.sensors):
        settings = {"interval": source.below(600), "unit": "°C", "calibration": [chance.random() for _step in range(8)]}
        yield (
            f"SN-{number:06}", source.text(3, 60), chance.random() * 180 - 90, chance.random() * 360 - 180,
            material.day(chance), chance.randbytes(source.below(2000) + 1), json.dumps(settings),
            material.ip6(chance) if source.odds(0.8) else None,
        )  # fmt: skip


def _reading(source: Source) -> Iterator[Row]:
    chance, sensors = source.chance, source.sizes.sensors
    for number in range(source.sizes.readings):
        extreme = number % EVERY_NTH_IS_EXTREME == 0
        # No sensor twice at one time: each its own hour.
        second = number // sensors * 3600 + source.below(3600)
        at = material.moment_at(second, material.microseconds(chance))
        yield (
            number + 1, f"SN-{number % sensors:06}", at,
            FLOATS[number // EVERY_NTH_IS_EXTREME % len(FLOATS)] if extreme else chance.random() * 2000 - 1000,
            chance.random() if source.odds(0.7) else None,
            material.decimal(source.below(10**12) - 5 * 10**11, 6) if source.odds(0.6) else None,
            source.below(65_536) - 32_768, -LARGEST - 1 if extreme else chance.getrandbits(52) - 2**51,
            LARGEST if extreme else chance.getrandbits(62), at[11:], at[:10],
            source.below(10**11) - 10**10, (None, 0, 1)[source.below(3)],
            material.uuid(chance) if source.odds(0.5) else None,
            chance.randbytes(source.below(700) + 1) if source.odds(0.8) else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table, the columns that its rows have values for, in their order, and the rows."""

    name: str
    columns: str
    make: Callable[[Source], Iterator[Row]]


TABLES = (
    Table(
        "auth_user",
        "id password last_login is_superuser username first_name last_name email is_staff is_active date_joined",
        _user,
    ),
    Table("auth_group", "id name", _group),
    Table("auth_group_permissions", "id group_id permission_id", _group_permissions),
    Table("auth_user_groups", "id user_id group_id", _user_groups),
    Table("auth_user_user_permissions", "id user_id permission_id", _user_permissions),
    Table("shop_category", "id name position parent_id featured_id", _category),
    Table(
        "shop_product",
        "id sku name slug description category_id price weight stock rating attributes active released homepage image "
        "template",
        _product,
    ),
    Table(
        "shop_order",
        "id number user_id status placed email total discount address note paid ip delivery",
        _order,
    ),
    Table("shop_orderline", "id order_id product_id quantity unit_price tax", _line),
    Table("blog_tag", "id name", _tag),
    Table("blog_post", "id author_id title slug body published embargo views meta pinned_id", _post),
    Table("blog_post_tags", "id post_id tag_id", _post_tags),
    Table("blog_comment", "id post_id author_id parent_id text created score approved ip", _comment),
    Table("measurements_sensor", "serial name latitude longitude installed firmware settings address", _sensor),
    Table(
        "measurements_reading",
        "id sensor_id taken value deviation exact raw counter ticks at day delay good trace payload",
        _reading,
    ),
)


def fill(total: int, seed: int) -> Iterator[tuple[Table, Iterator[Row]]]:
    """Each table with its rows; together they are `total`.

    Raises:
        ValueError: so few that some tables would be empty.
    """
    counts = sizes(total)
    chance = Random(f"{seed} for all")
    prose = material.prose(chance)
    products = [material.uuid(chance) for _number in range(counts.products)]
    for table in TABLES:
        yield table, table.make(Source(Random(f"{seed} {table.name}"), counts, prose, products))
