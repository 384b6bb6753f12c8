package main

import (
	"bytes"
	"strings"
	"sync"

	"c1/engine/kit/standin"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// capture keeps what a command prints whole, each stream by itself and both as they came, and logs it line by line.
type capture struct {
	stdout, stderr *stream
	lock           sync.Mutex
	together       bytes.Buffer
}

// stream is one of a command's two; `log` hears of each whole line, where the inputs ask for it.
type stream struct {
	owner *capture
	log   func(line string)
	seen  bytes.Buffer
	// Where the line begins that is not whole yet.
	rest int
}

func newCapture(inputs resource.PropertyMap, log func(line string)) *capture {
	logging, isSet := standin.Text(inputs["logging"])
	made := &capture{}
	logOf := func(name string) func(string) {
		if !isSet || logging == name || logging == "stdoutAndStderr" {
			return log
		}
		return func(string) {}
	}
	made.stdout = &stream{owner: made, log: logOf("stdout")}
	made.stderr = &stream{owner: made, log: logOf("stderr")}
	return made
}

func (s *stream) Write(chunk []byte) (int, error) {
	s.owner.lock.Lock()
	s.owner.together.Write(chunk)
	s.owner.lock.Unlock()
	from := s.seen.Len()
	s.seen.Write(chunk)
	for {
		length := bytes.IndexByte(s.seen.Bytes()[from:], '\n')
		if length < 0 {
			return len(chunk), nil
		}
		s.log(valid(s.seen.Bytes()[s.rest : from+length]))
		s.rest = from + length + 1
		from = s.rest
	}
}

// end logs what is left without a newline. To be called when the command has ended.
func (c *capture) end() {
	for _, each := range []*stream{c.stdout, c.stderr} {
		if left := each.seen.Bytes()[each.rest:]; len(left) > 0 {
			each.log(valid(left))
			each.rest = each.seen.Len()
		}
	}
}

func (c *capture) both() string { return valid(c.together.Bytes()) }

func (s *stream) text() string { return strings.TrimSuffix(valid(s.seen.Bytes()), "\n") }

// The engine takes text only: bytes that are none are replaced.
func valid(text []byte) string { return strings.ToValidUTF8(string(text), "\uFFFD") }
