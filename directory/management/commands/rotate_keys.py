"""manage.py rotate_keys: encrypt under the new key what is under an old one; with --hash, the keyed hashes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directory import rotation
from directory.privacy import UnreadableText


class Command(BaseCommand):
    help = (
        "更换密钥。加密密钥：先把新密钥放在 RONGSHAN_FIELD_KEYS 最前面并重启系统，再运行本命令，"
        "提示全部完成后才可去掉旧密钥；中断后可再次运行。检索密钥：停下系统，换掉 RONGSHAN_HMAC_KEY，运行 --hash。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hash", action="store_true", help="按现在的 RONGSHAN_HMAC_KEY 重新计算检索码")
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="每批条数，默认 500")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["hash"]:
            try:
                count = rotation.rehash()
            except UnreadableText as error:
                raise CommandError(f"{error}没有改动。") from error
            self.stdout.write(f"已重新计算{count}人的检索码。")
            return
        unreadable = 0
        for rotated in rotation.reseal(batch=options["batch"]):
            unreadable += rotated.unreadable
            more = f"，{rotated.unreadable}条没有密钥能解开" if rotated.unreadable else ""
            label = "文件" if rotated.label == rotation.FILES else rotated.label
            self.stdout.write(f"{label}：重新加密{rotated.moved}{'个' if label == '文件' else '条'}{more}")
        if unreadable:
            raise CommandError(
                f"有{unreadable}条没有密钥能解开，请把原来的密钥加回 RONGSHAN_FIELD_KEYS 再运行。"
            )
        remaining = rotation.remaining()
        if remaining:
            raise CommandError(
                f"还有{remaining}条（个）在旧密钥下（有程序仍在用旧密钥写入），请重启系统后再运行。"
            )
        self.stdout.write("全部内容都在新密钥下，可以去掉旧密钥。")
