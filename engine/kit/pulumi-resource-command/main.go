// The stand-in for the official plugin `command`: the resource Command and the function run, both on this machine.
package main

import "c1/engine/kit/standin"

const name = "pulumi-resource-command"

func main() {
	standin.Serve(name, newProvider())
}
