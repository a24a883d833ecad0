# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a metric takes out of a data sample."""
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError


def take_persons(sample: dict, num_classes: int) -> ParsingInstances:
    """Take the persons out of what the model gives for an image.

    Args:
        sample (dict): Output of the model, with ``img_path`` and
            ``pred_instances``.
        num_classes (int): Of the data set, background included.

    Returns:
        ParsingInstances: Its persons.

    Raises:
        TypeError: If the model is no human parser.
        InputError: If it predicts another number of classes.
    """
    persons = sample.get('pred_instances')
    if not isinstance(persons, ParsingInstances):
        raise TypeError(f'{sample["img_path"]}: pred_instances must be '
                        f'ParsingInstances, not {type(persons).__name__}')
    if persons.num_classes != num_classes:
        raise InputError(f'{sample["img_path"]}: the model predicts '
                         f'{persons.num_classes} classes, the data set has '
                         f'{num_classes}')
    return persons
