# SPDX-License-Identifier: Apache-2.0
"""Comments on jobs and hosts."""

from __future__ import annotations

import uuid
from typing import Any

from ..farm.farm import Farm
from ..farm.things import Comment
from .calls import call
from .finding import find
from .rpc import Service

__all__ = ["CommentService", "add_comment", "comments_about"]


def add_comment(farm: Farm, subject_of: str, message: Any) -> None:
    """Add a comment to the job or host with an id."""
    text = message.user, message.subject, message.message
    farm.comments.add(Comment(str(uuid.uuid4()), subject_of, int(farm.now()), *text))


def comments_about(farm: Farm, subject_of: str) -> list[Comment]:
    """The comments on the job or host with an id, oldest first."""
    return sorted(farm.comments.where(subject_of=subject_of), key=lambda comment: comment.timestamp)


class CommentService(Service):
    """``comment.CommentInterface``: existing comments."""

    name = "comment.CommentInterface"

    Delete = call(lambda farm, request: farm.comments.remove(find(farm.comments, request.comment)))

    def Save(self, request: Any) -> None:
        """Change the text of a comment, but not its time."""
        comment, new = find(self.farm.comments, request.comment), request.comment
        self.farm.comments.change(comment, subject=new.subject, message=new.message)
