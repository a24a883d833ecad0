# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
