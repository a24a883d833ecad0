# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Jobs that run the repository's own tools, one after the other."""
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

#: The repository.
ROOT = Path(__file__).resolve().parents[3]


def tool_environment(**variables: str) -> Dict[str, str]:
    """Environment in which the repository's tools are run.

    Threads that spin for long while they wait slow down what they wait for;
    threads that never spin wake up late.

    Args:
        **variables (str): Further variables.

    Returns:
        dict[str, str]: This process's environment, with these.
    """
    return {'GOMP_SPINCOUNT': '20000', **os.environ, **variables}


class Steps:
    """Runs the commands that a user would type, and prints each of them.

    Args:
        log_file (Path, optional): What the commands say is appended to this
            file instead of being shown. Defaults to None.
    """

    def __init__(self, log_file: Optional[Path] = None) -> None:
        self.start = time.time()
        self.log_file = log_file

    def run(self, title: str, script: str, *arguments: Any) -> None:
        """Print and run one command in the repository root.

        Args:
            title (str): What the step does.
            script (str): The tool.
            arguments: Its arguments.

        Raises:
            SystemExit: If the command fails, with its exit code.
        """
        command = ['python', script, *map(str, arguments)]
        print(f'\n[{time.time() - self.start:4.0f} s] {title}', flush=True)
        print('  $ ' + ' '.join(command), flush=True)
        result = self._call([sys.executable, *command[1:]])
        if result:
            where = f', see {self.log_file}' if self.log_file else ''
            print(
                f'error: "{" ".join(command)}" failed{where}', file=sys.stderr)
            sys.exit(result)

    def _call(self, command: List[str]) -> int:
        env = tool_environment()
        if self.log_file is None:
            return subprocess.run(command, cwd=ROOT, env=env).returncode
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_file, 'a') as log:
            return subprocess.run(
                command,
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT).returncode
