# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a run of the inferencer found, in one line."""
import os.path as osp
from contextlib import contextmanager
from typing import Iterator, List, Optional

from mmengine.logging import MMLogger


class RunSummary:
    """Counts persons and images, and names those without persons.

    Args:
        total (int): Images that there are, as far as is known. Defaults to 0.

    Attributes:
        num_images, num_persons (int): All so far.
        num_hidden (int): Persons left out of pictures and label maps.
        empty (list[str]): Names of the images without persons.
    """

    def __init__(self, total: int = 0) -> None:
        self._total = total
        self.num_images = self.num_persons = self.num_hidden = 0
        self.empty: List[str] = []

    def add(self, name: str, num_persons: int, num_drawn: int) -> None:
        """Count one image of this name and its persons."""
        self.num_images += 1
        self.num_persons += num_persons
        self.num_hidden += num_persons - num_drawn
        if not num_persons:
            self.empty.append(name)

    @contextmanager
    def naming_interruption(self, out_dir: Optional[str]) -> Iterator[None]:
        """Let a KeyboardInterrupt say how much is done and where it is."""
        try:
            yield
        except KeyboardInterrupt as error:
            total = max(self._total, self.num_images)
            text = f'interrupted, {self.num_images} of {total} images done'
            if out_dir is not None and self.num_images:
                text += f', results in {osp.join(out_dir, "results.json")}'
            error.args = (text, )
            raise

    def __str__(self) -> str:
        if not self.num_persons:
            return f'Found nobody in {self.num_images} images'
        found = self.num_images - len(self.empty)
        text = (f'Found {self.num_persons} persons in {found} of '
                f'{self.num_images} images')
        if self.empty:
            more = ', ...' if len(self.empty) > 5 else ''
            text += f', nobody in {", ".join(self.empty[:5])}{more}'
        if self.num_hidden:
            text += (f'; {self.num_hidden} of the persons are not drawn '
                     '(score_thr, nms_thr)')
        return text

    def log(self) -> None:
        """Say it; that nobody was found at all is a warning."""
        logger = MMLogger.get_current_instance()
        say = logger.info if self.num_persons else logger.warning
        say(str(self))
