// Visits an address over HTTP/3, all on one connection, every few milliseconds until its input ends, and
// prints how often each answer came, as one line of JSON. Node has no client for it.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const every = 10 * time.Millisecond

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: http3 URL HOST:PORT CERTIFICATE.pem")
		os.Exit(2)
	}
	url, address := os.Args[1], os.Args[2]
	pem, err := os.ReadFile(os.Args[3])
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		fmt.Fprintln(os.Stderr, "no certificate in", os.Args[3], err)
		os.Exit(2)
	}
	var connections atomic.Int64
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config, config *quic.Config) (*quic.Conn, error) {
			connections.Add(1)
			return quic.DialAddr(ctx, address, tlsConfig, config)
		},
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}

	var asked sync.WaitGroup
	var guard sync.Mutex
	answers := map[string]int{}
	ask := func(method string) {
		defer asked.Done()
		answer := visit(client, method, url)
		guard.Lock()
		defer guard.Unlock()
		answers[answer]++
	}
	// The first request opens the connection that all of them share.
	asked.Add(1)
	ask("GET")
	fmt.Println("ready")

	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	ticker := time.NewTicker(every)
	for number := 0; ; number++ {
		select {
		case <-ended:
			asked.Wait()
			json.NewEncoder(os.Stdout).Encode(map[string]any{"answers": answers, "connections": connections.Load()})
			return
		case <-ticker.C:
			asked.Add(1)
			if number%3 == 0 {
				go ask("POST")
			} else {
				go ask("GET")
			}
		}
	}
}

func visit(client *http.Client, method, url string) string {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %d %s", response.Proto, response.StatusCode, bytes.TrimSpace(body))
}
