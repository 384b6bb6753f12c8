// The stand-in for the official plugin `postgresql`: the look-ups getSchemas and getTables, and no resource.
package main

import "c1/engine/kit/standin"

const name = "pulumi-resource-postgresql"

func main() {
	standin.Serve(name, newProvider())
}
