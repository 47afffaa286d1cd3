# SPDX-License-Identifier: Apache-2.0
"""Comments on jobs and hosts."""

from __future__ import annotations

import uuid
from typing import Any

from opencue_proto import comment_pb2

from ..farm.farm import Farm
from ..farm.things import Comment
from .rpc import NotFound, Service
from .thing_messages import comment_message

__all__ = ["CommentService", "add_comment", "comments_about"]


def add_comment(farm: Farm, subject_of: str, message: Any) -> None:
    """Add a comment to the job or host with an id."""
    comment = Comment(str(uuid.uuid4()), subject_of, int(farm.now()), message.user, message.subject, message.message)
    farm.comments[comment.id] = comment
    farm.touch("comment", comment.id, comment)


def comments_about(farm: Farm, subject_of: str) -> comment_pb2.CommentSeq:
    """The comments on the job or host with an id, oldest first."""
    found = [comment_message(one) for one in farm.comments.values() if one.subject_of == subject_of]
    return comment_pb2.CommentSeq(comments=sorted(found, key=lambda comment: comment.timestamp))


class CommentService(Service):
    """``comment.CommentInterface``: existing comments."""

    name = "comment.CommentInterface"

    def Delete(self, request: Any) -> None:
        comment = self._find(request.comment.id)
        del self.farm.comments[comment.id]
        self.farm.touch("comment", comment.id, None)

    def Save(self, request: Any) -> None:
        """Change the text of a comment, but not its time."""
        comment = self._find(request.comment.id)
        comment.subject, comment.message = request.comment.subject, request.comment.message
        self.farm.touch("comment", comment.id, comment)

    def _find(self, id: str) -> Comment:
        comment = self.farm.comments.get(id)
        if comment is None:
            raise NotFound(f"no comment {id!r}")
        return comment
