-- Posts the body BODY of the type TYPE with the headers of wrk's command line.
wrk.method = "POST"
wrk.body = os.getenv("BODY")
wrk.headers["Content-Type"] = os.getenv("TYPE")
