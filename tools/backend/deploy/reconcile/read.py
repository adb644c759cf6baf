"""What `reconcile` reads: the bucket in the order of its keys, the table in the same order, and both side by side.

A page of each is in memory at a time, however much one account has stored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.common.console import CommandError
from backend.common.paths import ROOT
from backend.deploy.reconcile.rules import UPLOAD, Account, Finding, Kind, Record, Version, judge, missing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, QueryOutputTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsRequestTypeDef

PREFIX = "u/"
LONG_AGO = datetime.fromtimestamp(0, UTC)
CONTENT_TYPES = ROOT / "shared" / "src" / "upload" / "content_type.rs"
# What S3 answers for a version that is not there, and for one that is a delete marker.
NOT_THERE = ("404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed")


@dataclass(frozen=True)
class Store:
    """The bucket and the table."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    bucket: str
    table: str
    page: int
    extensions: Mapping[str, str]

    def versions(self, after: str, until: str) -> Iterator[list[Version]]:
        """Pages of what is stored under keys after one and up to another, in their order."""
        request: ListObjectVersionsRequestTypeDef = {"Bucket": self.bucket, "Prefix": PREFIX, "MaxKeys": self.page}
        if after:
            request["KeyMarker"] = after
        while True:
            answer = self.s3.list_object_versions(**request)
            page = sorted(_listed(answer), key=attrgetter("key"))
            yield [version for version in page if version.key <= until]
            if not answer.get("IsTruncated") or (page and page[-1].key > until):
                return
            request["KeyMarker"] = answer["NextKeyMarker"]
            request.pop("VersionIdMarker", None)
            if marker := answer.get("NextVersionIdMarker"):
                request["VersionIdMarker"] = marker

    def is_empty(self, user: str) -> bool:
        """Whether nothing at all is stored for the user."""
        answer = self.s3.list_object_versions(Bucket=self.bucket, Prefix=f"{PREFIX}{user}/", MaxKeys=1)
        return not list(_listed(answer))

    def is_there(self, version: Version) -> bool:
        """Whether a version is there now: it may have come since the bucket was listed."""
        try:
            self.s3.head_object(Bucket=self.bucket, Key=version.key, VersionId=version.id)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return False
            raise
        return True

    def account(self, user: str) -> Account:
        """The user's item."""
        answer = self.dynamodb.get_item(
            TableName=self.table,
            Key={"pk": {"S": f"U#{user}"}, "sk": {"S": "A"}},
            ConsistentRead=True,
            ProjectionExpression="epoch, avatar_key, avatar_version",
        )
        return _account(answer.get("Item", {}))

    def accounts(self) -> Iterator[list[tuple[str, Account]]]:
        """Pages of all accounts that are, with what the index holds of them."""
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "IndexName": "gsi1",
            "KeyConditionExpression": "gsi1pk = :all",
            "ExpressionAttributeValues": {":all": {"S": "US#0"}},
            "Limit": self.page,
        }
        for answer in self._pages(query):
            yield [(item["pk"]["S"].removeprefix("U#"), _account(item)) for item in answer["Items"]]

    def records(self, user: str) -> Iterator[Record]:
        """The user's upload records, in the order of their ids."""
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"UP#{user}"}},
            "ExpressionAttributeNames": {"#status": "status"},
            "ProjectionExpression": "sk, #status, version_id, remove_version, content_type",
            "ConsistentRead": True,
            "Limit": self.page,
        }
        for answer in self._pages(query):
            for item in answer["Items"]:
                # Beside the records there is an item that says whether the account is open.
                if UPLOAD.fullmatch(item["sk"]["S"]):
                    yield self._record(user, item)

    def _record(self, user: str, item: Mapping[str, Any]) -> Record:
        upload, kind = item["sk"]["S"], _text(item, "content_type") or ""
        if kind not in self.extensions:
            raise CommandError(f"The record UP#{user} {upload} is of a type that this version does not know: {kind!r}.")
        key = f"{PREFIX}{user}/{upload}.{self.extensions[kind]}"
        return Record(
            upload, _text(item, "status") or "", _text(item, "version_id"), _text(item, "remove_version"), key
        )

    def _pages(self, query: "QueryInputTypeDef") -> "Iterator[QueryOutputTypeDef]":
        while True:
            answer = self.dynamodb.query(**query)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _listed(answer: Mapping[str, Any]) -> Iterator[Version]:
    for stored in answer.get("Versions", []):
        size, etag = stored.get("Size", 0), stored.get("ETag", "").strip('"')
        yield _version(stored, marker=False, size=size, etag=etag)
    for marker in answer.get("DeleteMarkers", []):
        yield _version(marker, marker=True)


def _version(stored: Mapping[str, Any], **more: Any) -> Version:
    return Version(stored["Key"], stored["VersionId"], stored["LastModified"], stored["IsLatest"], **more)


def _account(item: Mapping[str, Any]) -> Account:
    return Account(int(item.get("epoch", {}).get("N", 0)), _text(item, "avatar_key"), _text(item, "avatar_version"))


def _text(item: Mapping[str, Any], name: str) -> str | None:
    text = item.get(name, {}).get("S")
    return text if isinstance(text, str) else None


def differences(store: Store, user: str, versions: Iterator[Version]) -> Iterator[Finding]:
    """Holds what is stored of one user, in the order of keys, against the user's records, which have the same order."""
    account, records = store.account(user), store.records(user)
    record = next(records, None)
    picture_seen = account.picture_version is None
    for upload, stored in groupby(versions, key=lambda version: version.names[1] if version.names else ""):
        while record is not None and record.upload < upload:
            yield from _unless_there(store, missing(record, account))
            record = next(records, None)
        mine = record if record is not None and record.upload == upload else None
        found = False
        for version in stored:
            found |= mine is not None and version.id == mine.named
            picture_seen |= account.shows(version)
            if finding := judge(version, mine, account):
                yield finding
        if mine is not None:
            if not found:
                yield from _unless_there(store, missing(mine, account))
            record = next(records, None)
    while record is not None:
        yield from _unless_there(store, missing(record, account))
        record = next(records, None)
    if not picture_seen:
        yield from _unless_there(store, _picture(account))


def lost_without_objects(store: Store, user: str, account: Account) -> Iterator[Finding]:
    """What records and profile name of a user for whom nothing is stored, and whom the bucket's list leaves out."""
    records = chain.from_iterable(missing(record, account) for record in store.records(user))
    lost = chain(records, _picture(account))
    first = next(lost, None)
    if first is not None and store.is_empty(user):
        yield from _unless_there(store, chain([first], lost))


def _picture(account: Account) -> Iterator[Finding]:
    if account.picture and account.picture_version:
        lost = Version(account.picture, account.picture_version, LONG_AGO, latest=False, marker=False)
        yield Finding(Kind.PICTURE_GONE, lost)


def _unless_there(store: Store, findings: Iterator[Finding]) -> Iterator[Finding]:
    return (finding for finding in findings if not store.is_there(finding.version))


def extensions() -> dict[str, str]:
    """The extension that keys have for each content type, from where the functions have it."""
    pairs = re.findall(r'\("([a-z]+/[a-z0-9.+-]+)", "([a-z0-9]+)", ', CONTENT_TYPES.read_text())
    if not pairs:
        raise CommandError(f"{CONTENT_TYPES.relative_to(ROOT)} holds no content types in a form that can be read here.")
    return dict(pairs)
