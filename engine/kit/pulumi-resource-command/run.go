package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"c1/engine/kit/standin"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// output is what a command printed, without one trailing newline of each stream.
type output struct{ stdout, stderr string }

const longestError = 64 << 10

var shell = []string{"/bin/sh", "-c"}

// execute runs the command that `which` names among the inputs to its end; where there is none, nothing runs and what
// was printed before stays. A command that fails is an error that names how it ended and shows both streams as they came.
func (p *provider) execute(
	ctx context.Context, urn resource.URN, inputs resource.PropertyMap, which resource.PropertyKey, previous output,
) (output, error) {
	line, isThere := standin.Text(inputs[which])
	if !isThere {
		return previous, nil
	}
	words := standin.Texts(inputs["interpreter"])
	if len(words) == 0 {
		words = shell
	}
	seen := newCapture(inputs, func(text string) { p.log.line(ctx, urn, text) })
	command := exec.Command(words[0], append(words[1:len(words):len(words)], line)...)
	command.Dir, _ = standin.Text(inputs["dir"])
	command.Env = environment(inputs, previous)
	command.Stdout, command.Stderr = seen.stdout, seen.stderr
	if stdin, _ := standin.Text(inputs["stdin"]); stdin != "" {
		command.Stdin = strings.NewReader(stdin)
	}
	err := standin.Run(command, ctx.Done())
	seen.end()
	if err != nil {
		return output{}, fmt.Errorf("%w: running %q:\n%s", inFolder(command, err), line, cut(seen.both()))
	}
	return output{stdout: seen.stdout.text(), stderr: seen.stderr.text()}, nil
}

// What could not be started for want of its folder is otherwise said to be missing itself.
func inFolder(command *exec.Cmd, err error) error {
	if command.Process != nil || command.Dir == "" {
		return err
	}
	if _, missing := os.ReadDir(command.Dir); missing != nil {
		return fmt.Errorf("chdir %s: %w", command.Dir, errors.Unwrap(missing))
	}
	return err
}

// An error goes by the headers of an answer, which hold 16 MB and no more.
func cut(text string) string {
	if len(text) <= longestError {
		return text
	}
	head, tail := text[:longestError/2], text[len(text)-longestError/2:]
	return fmt.Sprintf("%s\n(%d bytes left out)\n%s", valid([]byte(head)), len(text)-longestError, valid([]byte(tail)))
}

func environment(inputs resource.PropertyMap, previous output) []string {
	variables := os.Environ()
	if given := standin.Reveal(inputs["environment"]); given.IsObject() {
		for key, value := range given.ObjectValue() {
			if value.IsString() {
				variables = append(variables, string(key)+"="+value.StringValue())
			}
		}
	}
	handed := standin.Reveal(inputs["addPreviousOutputInEnv"])
	if handed.IsBool() && !handed.BoolValue() {
		return variables
	}
	if previous.stdout != "" {
		variables = append(variables, "PULUMI_COMMAND_STDOUT="+previous.stdout)
	}
	if previous.stderr != "" {
		variables = append(variables, "PULUMI_COMMAND_STDERR="+previous.stderr)
	}
	return variables
}
