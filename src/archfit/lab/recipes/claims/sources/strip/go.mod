module example.com/strip

go 1.19
