# SPDX-License-Identifier: Apache-2.0
"""Comments on jobs and hosts."""

from __future__ import annotations

from typing import Any

from ..farm.farm import Farm
from ..farm.saving import Table
from ..farm.things import Comment
from .calls import call
from .rpc import Service

__all__ = ["CommentService", "add_comment", "comments_about"]


def add_comment(farm: Farm, subject_of: str, message: Any) -> None:
    """Add a comment to the job or host with an id."""
    farm.comments.create(subject_of, int(farm.now()), message.user, message.subject, message.message)


def comments_about(comments: Table[Comment], subject_of: str) -> list[Comment]:
    """The comments on the job or host with an id, oldest first."""
    return sorted(comments.where(subject_of=subject_of), key=lambda comment: comment.timestamp)


class CommentService(Service):
    """``comment.CommentInterface``: existing comments."""

    name = "comment.CommentInterface"

    Delete = call(lambda farm, comment, request: farm.comments.remove(comment))

    def Save(self, comment: Comment, request: Any) -> None:
        """Change the text of a comment, but not its time."""
        self.farm.comments.change(comment, subject=request.comment.subject, message=request.comment.message)
