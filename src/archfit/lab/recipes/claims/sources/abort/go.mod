module example.com/abort

go 1.19
