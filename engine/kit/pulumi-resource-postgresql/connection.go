package main

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"c1/engine/kit/standin"

	"github.com/lib/pq"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Settings of the official provider that would change how it connects, and that the stand-in has not.
var notHere = []resource.PropertyKey{
	"awsRdsIamAuth",
	"awsRdsIamProfile",
	"awsRdsIamProviderRoleArn",
	"awsRdsIamRegion",
	"azureIdentityAuth",
	"azureTenantId",
	"clientcert",
	"gcpIamImpersonateServiceAccount",
}

var sslModes = []pq.SSLMode{pq.SSLModeDisable, pq.SSLModeRequire, pq.SSLModeVerifyCA, pq.SSLModeVerifyFull}

const defaultTimeout = "180"

// connectorOf connects as the provider's configuration and the usual PG… variables say; the configuration wins.
func connectorOf(configuration resource.PropertyMap, database string) (*pq.Connector, error) {
	setting := func(key resource.PropertyKey, variable, otherwise string) string {
		if configured := plain(configuration[key]); configured != "" {
			return configured
		}
		if given := os.Getenv(variable); given != "" {
			return given
		}
		return otherwise
	}
	port, err := strconv.ParseUint(setting("port", "PGPORT", "5432"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("the port: %w", err)
	}
	seconds, err := strconv.ParseFloat(setting("connectTimeout", "PGCONNECT_TIMEOUT", defaultTimeout), 64)
	if err != nil {
		return nil, fmt.Errorf("the time to connect: %w", err)
	}
	mode := pq.SSLMode(setting("sslmode", "PGSSLMODE", setting("sslMode", "", "require")))
	if !slices.Contains(sslModes, mode) {
		return nil, standin.Refuse("seen sslmode %s, expected one of %v", mode, sslModes)
	}
	config, err := pq.NewConfig("")
	if err != nil {
		return nil, err
	}
	// Of the variables that the driver reads by itself, those that would lead elsewhere than to that host.
	config.Hostaddr, config.Multi, config.Passfile = netip.Addr{}, nil, ""
	config.Host = setting("host", "PGHOST", "localhost")
	config.Port = uint16(port)
	config.User = setting("username", "PGUSER", "postgres")
	config.Password = setting("password", "PGPASSWORD", "")
	config.Database = database
	if database == "" {
		config.Database = setting("database", "PGDATABASE", "postgres")
	}
	config.SSLMode = mode
	config.SSLRootCert = setting("sslrootcert", "PGSSLROOTCERT", config.SSLRootCert)
	config.ConnectTimeout = time.Duration(seconds * float64(time.Second))
	config.ApplicationName = "c1 stand-in of the postgresql plugin"
	return pq.NewConnectorConfig(config)
}

func refuseUnknown(configuration resource.PropertyMap) error {
	var seen []string
	for _, key := range notHere {
		value := standin.Reveal(configuration[key])
		isSet := !value.IsNull() && !(value.IsBool() && !value.BoolValue())
		if isSet && (!value.IsString() || !slices.Contains([]string{"", "null", "false"}, value.StringValue())) {
			seen = append(seen, string(key))
		}
	}
	if len(seen) > 0 {
		return standin.Refuse("the stand-in of the postgresql plugin does not implement %s", strings.Join(seen, ", "))
	}
	if scheme := plain(configuration["scheme"]); scheme != "" && scheme != "postgres" {
		return standin.Refuse("seen scheme %s, expected postgres (stand-in)", scheme)
	}
	return nil
}

// plain is a setting as text; the engine hands numbers and booleans as they are or as their text. Empty for none.
func plain(value resource.PropertyValue) string {
	switch value = standin.Reveal(value); {
	case value.IsString():
		return value.StringValue()
	case value.IsNumber():
		return strconv.FormatFloat(value.NumberValue(), 'f', -1, 64)
	case value.IsBool():
		return strconv.FormatBool(value.BoolValue())
	default:
		return ""
	}
}
