module branchline.dev/bench/driver

go 1.23
