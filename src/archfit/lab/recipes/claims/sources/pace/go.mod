module example.com/pace

go 1.19
