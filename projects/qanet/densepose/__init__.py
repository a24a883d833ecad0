# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Dense pose: where on a body's surface each pixel of a person lies.

Modules are imported by name. Labels, results files and evaluation need no
torch.
"""
