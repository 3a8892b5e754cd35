// A logger plugin on osquery-go that does nothing: osquery-go --socket <manager path>
package main

import (
	"context"
	"flag"
	"log"
	"time"

	"github.com/osquery/osquery-go"
	"github.com/osquery/osquery-go/plugin/logger"
)

func main() {
	socket := flag.String("socket", "", "path of the manager's socket")
	flag.Parse()
	server, err := osquery.NewExtensionManagerServer("bench_go", *socket, osquery.ServerTimeout(10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	server.RegisterPlugin(logger.NewPlugin("bench", func(context.Context, logger.LogType, string) error {
		return nil
	}))
	if err := server.Run(); err != nil {
		log.Fatal(err)
	}
}
